using Dpf.Runtime.Conditions;
using Dpf.Runtime.Selecting;
using k8s.Models;

namespace Dpf.Lab.ControlPlane.Workloads;

/// <summary>What a PodDisruptionBudget allows: pure (policy/v1).</summary>
internal static class DisruptionRules
{
    /// <summary>How long an evicted pod counts as gone although it is still there.</summary>
    public static readonly TimeSpan Patience = TimeSpan.FromMinutes(2);

    /// <summary>Whether a budget is for a pod.</summary>
    public static bool Selects(V1PodDisruptionBudget budget, V1Pod pod) =>
        budget.Spec.Selector is { } selector && selector.Selects(pod.Metadata.Labels);

    /// <summary>How many of its pods are healthy, have to be, and may go.</summary>
    /// <param name="budget">The budget as it is.</param>
    /// <param name="pods">The pods that it selects.</param>
    /// <param name="scale">How many pods the controller of a pod wants, and its uid; null where a pod has none.</param>
    /// <param name="now">The time.</param>
    public static V1PodDisruptionBudgetStatus Status(
        V1PodDisruptionBudget budget, IReadOnlyList<V1Pod> pods, Func<V1Pod, (string Uid, int Replicas)?> scale, DateTimeOffset now)
    {
        var alive = pods.Where(p => p.Status?.Phase is not ("Succeeded" or "Failed")).ToList();
        var disrupted = (budget.Status?.DisruptedPods ?? new Dictionary<string, DateTime?>())
            .Where(d => alive.Any(p => p.Metadata.Name == d.Key && p.Metadata.DeletionTimestamp is null) && now - d.Value?.ToUniversalTime() < Patience)
            .ToDictionary(d => d.Key, d => d.Value);
        var healthy = alive.Count(p => p.IsReady() && p.Metadata.DeletionTimestamp is null && !disrupted.ContainsKey(p.Metadata.Name));
        var (spec, scales) = (budget.Spec, alive.Select(scale).ToList());
        var isCounted = spec.MaxUnavailable is null && spec.MinAvailable?.Value.EndsWith('%') != true;
        var problem = !isCounted && scales.Contains(null) ? "a pod without a controller is selected: use minAvailable with a number" : null;
        var expected = isCounted ? alive.Count : scales.OfType<(string Uid, int Replicas)>().Distinct().Sum(s => s.Replicas);
        var needed = spec.MaxUnavailable is { } most
            ? Math.Max(0, expected - PodTemplates.Resolve(most, expected, roundUp: true, "0"))
            : PodTemplates.Resolve(spec.MinAvailable, expected, roundUp: true, "1");
        var allowed = problem is not null || expected == 0 ? 0 : Math.Max(0, healthy - needed);
        var conditions = budget.Status?.Conditions.Copy() ?? [];
        conditions.Set(
            "DisruptionAllowed", allowed > 0, problem is not null ? "SyncFailed" : allowed > 0 ? "SufficientPods" : "InsufficientPods", problem ?? "",
            budget.Metadata.Generation, now);
        return new V1PodDisruptionBudgetStatus
        {
            CurrentHealthy = healthy,
            DesiredHealthy = needed,
            ExpectedPods = expected,
            DisruptionsAllowed = allowed,
            DisruptedPods = disrupted.Count > 0 ? disrupted : null,
            ObservedGeneration = budget.Metadata.Generation,
            Conditions = conditions,
        };
    }
}
