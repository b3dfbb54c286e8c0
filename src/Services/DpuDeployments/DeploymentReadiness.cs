using Dpf.Api.Provisioning;
using Dpf.Api.Schemas;
using Dpf.Runtime.Conditions;
using k8s;
using k8s.Models;

namespace Dpf.Services.DpuDeployments;

/// <summary>Whether children work: pure.</summary>
internal static class DeploymentReadiness
{
    private const string SetName = "provisioning.dpu.nvidia.com/dpuset-name";
    private const string SetNamespace = "provisioning.dpu.nvidia.com/dpuset-namespace";

    /// <summary>Which of the wanted objects do not work, and why.</summary>
    public static IReadOnlyList<string> Unready<T>(IEnumerable<T> wanted, IEnumerable<T> there, Func<T, IConditioned?> status)
        where T : class, IKubernetesObject<V1ObjectMeta>
    {
        var byName = there.ToDictionary(t => t.Metadata.Name, StringComparer.Ordinal);
        return
        [
            .. wanted.Select(w => (w.Metadata, Problem: Problem(byName.GetValueOrDefault(w.Metadata.Name), status)))
                .Where(w => w.Problem is not null)
                .Select(w => $"{w.Metadata.NamespaceProperty}/{w.Metadata.Name} ({w.Problem})"),
        ];
    }

    /// <summary>Which of the wanted sets of DPUs have DPUs that are not ready. A set without DPUs waits for nothing.</summary>
    public static IReadOnlyList<string> Unready(
        IEnumerable<DpuSet> wanted, IReadOnlyCollection<DpuSet> there, IReadOnlyCollection<Dpu> dpus, Bfb? bfb)
    {
        List<string> problems = [];
        if (bfb?.Status?.Phase == "Error")
        {
            problems.Add($"BFB {bfb.Metadata.NamespaceProperty}/{bfb.Metadata.Name} (its image cannot be fetched)");
        }

        foreach (var set in wanted)
        {
            var name = $"{set.Metadata.NamespaceProperty}/{set.Metadata.Name}";
            if (there.All(t => t.Metadata.Name != set.Metadata.Name))
            {
                problems.Add($"{name} (not there yet)");
                continue;
            }

            if (bfb is not null && set.Spec.DpuTemplate?.Spec?.Bfb?.Name is { } now && now != bfb.Metadata.Name)
            {
                problems.Add($"{name} (keeps BFB {now} until BFB {bfb.Metadata.Name} is Ready, which is {bfb.Status?.Phase ?? "Initializing"})");
            }

            var late = dpus.Where(d => BelongsTo(d, set) && !IsReady(d))
                .Select(d => $"DPU {d.Metadata.Name} is {Phase(d)}").Order(StringComparer.Ordinal).ToList();
            // What stops a roll-out its own controller knows, and what to do.
            var cause = there.First(t => t.Metadata.Name == set.Metadata.Name).Status?.Conditions?.FirstOrDefault(c =>
                c is { Status: "False", Reason: Reasons.Failure or Reasons.Error, Message.Length: > 0 } && c.Type != ConditionExtensions.Ready) is { } stopped
                    ? $": {stopped.Message}" : "";
            if (late.Count > 0 || cause.Length > 0)
            {
                problems.Add($"{name} ({string.Join(", ", late.Take(5))}{(late.Count > 5 ? $" and {late.Count - 5} more" : "")}{cause})");
            }
        }

        return problems;
    }

    /// <summary>The name of a DPU's set in its namespace; null for none.</summary>
    public static string? SetOf(Dpu dpu) => dpu.Metadata.Labels?.TryGetValue(SetName, out var name) == true ? name : null;

    private static string? Problem<T>(T? there, Func<T, IConditioned?> status)
        where T : class, IKubernetesObject<V1ObjectMeta>
    {
        if (there is null)
        {
            return "not there yet";
        }

        return status(there)?.Conditions.Find(ConditionExtensions.Ready) switch
        {
            null => "not reported yet",
            _ when status(there)!.ObservedGeneration != there.Metadata.Generation => "changed just now",
            { Status: "True" } => null,
            { } ready => ready.Message,
        };
    }

    private static bool BelongsTo(Dpu dpu, DpuSet set) => SetOf(dpu) == set.Metadata.Name &&
        dpu.Metadata.Labels.TryGetValue(SetNamespace, out var ns) && ns == set.Metadata.NamespaceProperty;

    private static bool IsReady(Dpu dpu) => dpu.Metadata.DeletionTimestamp is null && dpu.Status?.Phase == "Ready" &&
        dpu.Status.Conditions.Find(ConditionExtensions.Ready) is not { Status: not "True" };

    private static string Phase(Dpu dpu) =>
        dpu.Metadata.DeletionTimestamp is not null ? "Deleting" : dpu.Status?.Phase is { Length: > 0 } phase ? phase : "Initializing";
}
