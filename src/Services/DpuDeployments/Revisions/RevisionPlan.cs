using System.Globalization;

namespace Dpf.Services.DpuDeployments.Revisions;

/// <summary>What to do next with the revisions of a service: pure.</summary>
/// <param name="Target">The slot that has, or gets, the wanted revision.</param>
/// <param name="Kept">Other slots that stay for now.</param>
/// <param name="Moves">DPUs that get another slot, or their first.</param>
internal sealed record RevisionPlan(
    string Target, IReadOnlyList<ServiceSlot> Kept, IReadOnlyList<(RolloutNode Node, string Slot)> Moves)
{
    // After the first DPU has shown that a revision works: how many may be on their way at once.
    private const double Share = 0.1;

    /// <summary>Why the wanted revision is given up; null when it is not.</summary>
    public string? Failure { get; private init; }

    /// <summary>How far it is; null when nothing is left to do.</summary>
    public string? Progress { get; private init; }

    /// <summary>When to look again although nothing changed.</summary>
    public TimeSpan? CheckIn { get; private init; }

    /// <summary>The next step.</summary>
    public static RevisionPlan Of(ServiceRollout rollout)
    {
        var target = Choose(rollout);
        var slot = rollout.Slots.FirstOrDefault(s => s.Value == target);
        var others = rollout.Slots.Where(s => s.Value != target).ToList();
        var on = rollout.Nodes.Where(n => n.Slot(rollout.Service) == target).ToList();
        var up = on.Where(n => IsUp(rollout, slot, n)).ToList();
        var late = on.Except(up).Where(n => n.IsReady).ToList();
        var isDone = rollout.Blindness is null && slot is { Failure: null } && late.Count == 0 && on.Count == rollout.Nodes.Count &&
            (others.Count == 0 || up.Count > 0 || slot.IsReady);
        var stable = others.Where(s => s.Failure is null).OrderByDescending(s => Count(rollout, s)).ThenBy(s => s.Created).FirstOrDefault();
        var overdue = stable is null || IsReturn(slot, stable) ? null : late.FirstOrDefault(n => Left(rollout, target, n) <= TimeSpan.Zero);
        var failure = slot?.Failure ?? (overdue is null ? null : GivenUp(rollout, slot!, stable!, overdue));
        return new RevisionPlan(
            target,
            [.. others.Where(s => Count(rollout, s) > 0 || rollout.Blindness is not null || (s == stable && !isDone))],
            rollout.IsLabelledHere ? [.. Next(rollout, target, slot, stable, failure, up, late)] : [])
        {
            Failure = failure,
            Progress = isDone || others.Count == 0 ? null : Text(rollout, slot, up, late),
            CheckIn = stable is null || failure is not null ? null
                : late.Select(n => Left(rollout, target, n)).Min(),
        };
    }

    private static string Choose(ServiceRollout rollout)
    {
        var bySize = rollout.Slots.OrderByDescending(s => Count(rollout, s)).ThenBy(s => s.Created).ToList();
        if (bySize.FirstOrDefault(s => s.Revision == rollout.Revision) is { } there)
        {
            return there.Value;
        }

        return bySize.Count == 0 ? DeploymentNames.AnyRevision : rollout.IsSideBySide ? rollout.Revision : bySize[0].Value;
    }

    private static IEnumerable<(RolloutNode Node, string Slot)> Next(
        ServiceRollout rollout, string target, ServiceSlot? slot, ServiceSlot? stable, string? failure,
        IReadOnlyCollection<RolloutNode> up, IReadOnlyCollection<RolloutNode> late)
    {
        // A DPU that is new starts with what is known to work.
        var first = stable is not null && (failure is not null || (up.Count == 0 && !IsReturn(slot, stable))) ? stable.Value : target;
        foreach (var node in rollout.Nodes.Where(n => n.Slot(rollout.Service) is null))
        {
            yield return (node, first);
        }

        if (failure is not null)
        {
            foreach (var node in late.Where(_ => stable is not null))
            {
                yield return (node, stable!.Value);
            }

            yield break;
        }

        var left = rollout.Nodes.Where(n => n.Slot(rollout.Service) is { } value && value != target && n.IsLabelledOnlyHere(rollout.Service))
            .OrderBy(n => n.Cluster.ToString(), StringComparer.Ordinal).ThenBy(n => n.Node.Metadata.Name, StringComparer.Ordinal).ToList();
        var back = left.Where(n => rollout.Slots.FirstOrDefault(s => s.Value == n.Slot(rollout.Service)) is not { } now || IsReturn(slot, now)).ToList();
        foreach (var node in slot is null ? [] : back)
        {
            yield return (node, target);
        }

        // Before the first DPU is touched its chart must be known to be good.
        if (slot is null || (up.Count == 0 && !slot.IsReady))
        {
            yield break;
        }

        var limit = up.Count == 0 ? 1 : Math.Max(1, (int)Math.Ceiling(rollout.Nodes.Count * Share));
        var next = left.Except(back).Where(n => n.IsReady).Take(Math.Max(0, limit - late.Count)).ToList();

        // One that is off learns of it when it is back; it does not hold up the others, nor is it a proof of anything.
        var off = late.Count == 0 && left.Except(back).All(n => !n.IsReady) ? left.Except(back) : [];
        foreach (var node in next.Concat(off))
        {
            yield return (node, target);
        }
    }

    // To an older revision DPUs go all at once: it has been on them.
    private static bool IsReturn(ServiceSlot? target, ServiceSlot other) => target is { Failure: null } && target.Created < other.Created;

    private static bool IsUp(ServiceRollout rollout, ServiceSlot? slot, RolloutNode node) => slot is not null &&
        (slot.Value == DeploymentNames.AnyRevision ? slot.IsReady : node.Runs(rollout.ServiceId, slot.Value));

    // How much of its time a revision has left on a DPU.
    private static TimeSpan? Left(ServiceRollout rollout, string target, RolloutNode node) =>
        node.Since(rollout.Service, rollout.ServiceId, target) + rollout.Deadline - rollout.Now;

    private static int Count(ServiceRollout rollout, ServiceSlot slot) => rollout.Nodes.Count(n => n.Slot(rollout.Service) == slot.Value);

    private static string GivenUp(ServiceRollout rollout, ServiceSlot slot, ServiceSlot stable, RolloutNode node) => string.Create(
        CultureInfo.InvariantCulture,
        $"revision {rollout.Revision} of service {rollout.Service} did not become ready on {node.Name} within {rollout.Deadline.TotalSeconds:0} s " +
        $"({node.Trouble(rollout.ServiceId, slot.Value)}); the DPU goes back to revision {stable.Revision}. Correct the DPUServiceTemplate or the " +
        $"DPUServiceConfiguration, or undo the change; to try the same again delete DPUService {slot.Name}");

    private static string Text(
        ServiceRollout rollout, ServiceSlot? slot, IReadOnlyCollection<RolloutNode> up, IReadOnlyCollection<RolloutNode> late) =>
        $"revision {rollout.Revision} of service {rollout.Service} runs on {up.Count} of {rollout.Nodes.Count} DPUs" + (
            rollout.Blindness is { } blindness ? $"; {blindness}"
            : late.FirstOrDefault() is { } waiting ? $"; waits for {waiting.Name}: {waiting.Trouble(rollout.ServiceId, slot!.Value)}"
            : up.Count == 0 && slot is not { IsReady: true } ? "; waits for its DPUService to be ready before the first DPU gets it"
            : "");
}
