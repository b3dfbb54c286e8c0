using System.Globalization;
using Dpf.Api.Provisioning;
using Dpf.Provisioning.Dpus;
using Dpf.Runtime.Conditions;
using k8s;

namespace Dpf.Provisioning.DpuSets;

/// <summary>What one pass over a DPUSet saw.</summary>
/// <param name="Wanted">How many DPUs there should be.</param>
/// <param name="Dpus">Those that there are.</param>
/// <param name="Problems">What kept it from making or changing DPUs.</param>
/// <param name="Missing">What the template names and is not there yet; null for nothing.</param>
internal sealed record DpuSetView(int Wanted, IReadOnlyList<Dpu> Dpus, IReadOnlyList<string> Problems, string? Missing);

/// <summary>Derives a DPUSet's status: the one place where its conditions are made. Pure.</summary>
internal static class DpuSetStatusRules
{
    /// <summary>Condition: there is a DPU for every card that is selected, and for no other.</summary>
    public const string Reconciled = "DPUsReconciled";

    /// <summary>Condition: every DPU was made from the template as it is now.</summary>
    public const string UpToDate = "DPUsUpToDate";

    /// <summary>Condition: every DPU works.</summary>
    public const string AllReady = "DPUsReady";

    private const int Named = 5;

    /// <summary>The status after a pass.</summary>
    public static DpuSetStatus Apply(DpuSet set, DpuSetView view, DateTimeOffset now)
    {
        var status = set.Status is null ? new DpuSetStatus() : KubernetesJson.Deserialize<DpuSetStatus>(KubernetesJson.Serialize(set.Status));
        var conditions = status.Conditions ??= [];
        var generation = set.Metadata.Generation;
        Set(Reconciled, set.Metadata.DeletionTimestamp is not null
            ? (Reasons.AwaitingDeletion, $"waiting for the end of {Names(view.Dpus)}")
            : view.Problems.Count > 0 ? (Reasons.Error, string.Join("; ", view.Problems)) : null);
        Set(UpToDate, UpToDateProblem(set, view));
        Set(AllReady, ReadyProblem(view));
        conditions.Summarise(generation, now);
        status.ObservedGeneration = generation;
        status.DpuStatistics = DpuStatistics.Of(view.Dpus);
        status.Dpus = view.Wanted;
        status.ReadyDpus = view.Dpus.Count(IsReady);
        status.UpToDateDpus = view.Dpus.Count(d => d.Metadata.DeletionTimestamp is null && !DpuRendering.IsOutdated(set, d));
        return status;

        void Set(string type, (string Reason, string Message)? problem) => conditions.Set(
            type, problem is null, problem?.Reason ?? Reasons.Success, problem?.Message ?? "", generation, now);
    }

    /// <summary>A DPU as a rolling update sees it.</summary>
    public static RollingDpu Rolling(DpuSet set, Dpu dpu) => new(
        dpu.Metadata.Name, DpuRendering.IsOutdated(set, dpu), dpu.Status?.Conditions.IsTrue("Ready") == true,
        dpu.Metadata.DeletionTimestamp is not null, dpu.Status?.Phase == DpuPhases.Error);

    private static (string, string)? UpToDateProblem(DpuSet set, DpuSetView view)
    {
        var outdated = view.Dpus.Where(d => d.Metadata.DeletionTimestamp is null && DpuRendering.IsOutdated(set, d)).ToList();
        if (outdated.Count == 0)
        {
            return null;
        }

        var left = Text($"{outdated.Count} of {view.Wanted} DPUs are of an earlier template: {Names(outdated)}");
        if (view.Missing is { } missing)
        {
            return (Reasons.Error, $"{missing}; {left}, and stay as they are until it is");
        }

        if (set.Spec.Strategy?.Type != "RollingUpdate")
        {
            return (Reasons.Pending, $"{left}; with strategy {set.Spec.Strategy?.Type ?? "Recreate"} each is made anew when you delete it");
        }

        if (RollingUpdatePlan.HasStopped([.. view.Dpus.Select(d => Rolling(set, d))]))
        {
            var failed = view.Dpus.First(d => !DpuRendering.IsOutdated(set, d) && d.Status?.Phase == DpuPhases.Error);
            return (
                Reasons.Failure,
                $"the roll-out has stopped: {Why(failed)}; correct spec.dpuTemplate (a new BFB or DPUFlavor, or the ones before), or annotate the DPU with {ProvisioningLabels.Retry}=true; {left}, and keep working");
        }

        return (Reasons.Pending, left);
    }

    private static (string, string)? ReadyProblem(DpuSetView view)
    {
        var unready = view.Dpus.Where(d => !IsReady(d)).ToList();
        var missing = Math.Max(0, view.Wanted - view.Dpus.Count);
        if (unready.Count == 0 && missing == 0)
        {
            return null;
        }

        var failed = unready.Where(d => d.Status?.Phase == DpuPhases.Error).ToList();
        var count = Text($"{view.Dpus.Count - unready.Count} of {view.Wanted} DPUs are ready");
        return failed.Count > 0
            ? (Reasons.Failure, $"{count}; {string.Join("; ", failed.Take(Named).Select(Why))}{More(failed.Count)}")
            : (Reasons.Pending, unready.Count == 0 ? count : $"{count}; not yet: {string.Join(", ", unready.Take(Named).Select(d => $"{d.Metadata.Name} ({Phase(d)})"))}{More(unready.Count)}");
    }

    private static string Why(Dpu dpu) =>
        $"DPU {dpu.Metadata.Name} is in phase Error: {dpu.Status?.Conditions.Find("Ready") switch { { } said => $"{said.Reason}: {said.Message}", null => "" }}";

    private static bool IsReady(Dpu dpu) => dpu.Metadata.DeletionTimestamp is null && dpu.Status?.Conditions.IsTrue("Ready") == true;

    private static string Phase(Dpu dpu) => dpu.Metadata.DeletionTimestamp is not null ? DpuPhases.Deleting
        : dpu.Status?.Phase is { Length: > 0 } phase ? phase : DpuPhases.Initializing;

    private static string Names(IReadOnlyCollection<Dpu> dpus) => string.Join(", ", dpus.Take(Named).Select(d => d.Metadata.Name)) + More(dpus.Count);

    private static string More(int count) => count > Named ? Text($" and {count - Named} more") : "";

    private static string Text(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);
}
