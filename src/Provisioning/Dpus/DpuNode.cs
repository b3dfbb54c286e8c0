using k8s.Models;

namespace Dpf.Provisioning.Dpus;

/// <summary>A DPU as a node of its cluster.</summary>
internal static class DpuNode
{
    private const string FieldManager = "dpf-provisioning-dpu";

    /// <summary>Why it is not.</summary>
    public static string WhyNotReady(V1Node node) =>
        node.Status?.Conditions?.FirstOrDefault(c => c.Type == "Ready")?.Message is { Length: > 0 } message ? message : "its kubelet has not reported yet";

    /// <summary>Gives the node the labels that the DPU says; those it said before and no longer says are taken away.</summary>
    public static async Task LabelAsync(DpuScope scope, V1Node node, CancellationToken cancellation)
    {
        var wanted = scope.Dpu.Spec.Cluster?.NodeLabels ?? [];
        var ours = node.Metadata.ManagedFields?.FirstOrDefault(f => f.Manager == FieldManager && f.Operation == "Apply");
        var stale = OwnedLabels(ours).Except(wanted.Keys, StringComparer.Ordinal).Any();
        var missing = wanted.Any(l => node.Metadata.Labels?.TryGetValue(l.Key, out var value) != true || value != l.Value);
        if (!stale && !missing)
        {
            return;
        }

        var remote = await scope.Tools.Clusters.OfAsync(scope.Dpu, cancellation);
        await remote.Client.ApplyAsync(
            new V1Node { Metadata = new V1ObjectMeta { Name = node.Metadata.Name, Labels = wanted.Count > 0 ? wanted : null } },
            FieldManager, cancellation);
    }

    private static IEnumerable<string> OwnedLabels(V1ManagedFieldsEntry? entry)
    {
        if (entry?.FieldsV1 is not System.Text.Json.JsonElement fields ||
            !fields.TryGetProperty("f:metadata", out var metadata) || !metadata.TryGetProperty("f:labels", out var labels))
        {
            return [];
        }

        return labels.EnumerateObject().Where(p => p.Name.StartsWith("f:", StringComparison.Ordinal)).Select(p => p.Name[2..]);
    }
}
