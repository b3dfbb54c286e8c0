using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using k8s.Models;

namespace Dpf.Lab.Addons.Maintenance;

/// <summary>What a drain does with the pods of a node: pure (<c>kubectl drain</c>; maintenance.nvidia.com DrainSpec).</summary>
/// <param name="Evict">The pods to evict, those on their way out among them.</param>
/// <param name="Kept">The pods that should go and may not be evicted, and why.</param>
internal sealed record DrainPlan(IReadOnlyList<V1Pod> Evict, IReadOnlyList<(V1Pod Pod, string Why)> Kept)
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(1);

    /// <summary>All pods that have to go, <c>ns/name</c>, in order.</summary>
    public IReadOnlyList<string> Left => [.. Evict.Concat(Kept.Select(k => k.Pod)).Select(Name).Order(StringComparer.Ordinal)];

    /// <summary>The plan for the pods that are on a node.</summary>
    public static DrainPlan Of(JsonObject drain, IEnumerable<V1Pod> pods)
    {
        var (evict, kept) = (new List<V1Pod>(), new List<(V1Pod, string)>());
        foreach (var pod in pods.Where(p => Concerns(drain, p)).OrderBy(Name, StringComparer.Ordinal))
        {
            if (pod.Metadata.DeletionTimestamp is null && Obstacle(drain, pod) is { } obstacle)
            {
                kept.Add((pod, obstacle));
            }
            else
            {
                evict.Add(pod);
            }
        }

        return new DrainPlan(evict, kept);
    }

    /// <summary>A pod as <c>ns/name</c>.</summary>
    public static string Name(V1Pod pod) => $"{pod.Metadata.NamespaceProperty}/{pod.Metadata.Name}";

    /// <summary>Whether a selector in text form, e.g. <c>app=web,tier in (a,b)</c>, means a pod; an empty one means all.</summary>
    public static bool Selects(string? selector, V1Pod pod) => string.IsNullOrEmpty(selector) ||
        ApiServer.Serving.LabelSelector.Parse(selector).Matches(key => pod.Metadata.Labels?.TryGetValue(key, out var value) == true ? value : null);

    private static bool Concerns(JsonObject drain, V1Pod pod) =>
        pod.Status?.Phase is not ("Succeeded" or "Failed") &&
        pod.Metadata.Annotations?.ContainsKey("kubernetes.io/config.mirror") != true &&
        pod.Metadata.OwnerReferences?.Any(o => o is { Kind: "DaemonSet", Controller: true }) != true &&
        Selects((string?)drain["podSelector"], pod) && IsFiltered(drain["podEvictionFilters"] as JsonArray, pod);

    private static bool IsFiltered(JsonArray? filters, V1Pod pod)
    {
        var resources = pod.Spec.Containers.SelectMany(c => (c.Resources?.Requests ?? new Dictionary<string, ResourceQuantity>()).Keys).ToList();
        return filters is null or { Count: 0 } ||
            filters.Any(f => (string?)f?["byResourceNameRegex"] is { } pattern && resources.Any(r => Regex.IsMatch(r, pattern, RegexOptions.None, Patience)));
    }

    private static string? Obstacle(JsonObject drain, V1Pod pod) =>
        (bool?)drain["force"] != true && pod.Metadata.OwnerReferences?.Any(o => o.Controller == true) != true
            ? "no controller would make it again (drainSpec.force: true evicts it)"
            : (bool?)drain["deleteEmptyDir"] != true && pod.Spec.Volumes?.Any(v => v.EmptyDir is not null) == true
                ? "it has an emptyDir, which would be lost (drainSpec.deleteEmptyDir: true evicts it)"
                : null;
}
