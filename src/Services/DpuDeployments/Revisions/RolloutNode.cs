using System.Globalization;
using System.Text.Json;
using Dpf.Runtime.Clusters;
using Dpf.Runtime.Conditions;
using k8s.Models;

namespace Dpf.Services.DpuDeployments.Revisions;

/// <summary>A DPU, as a node of its cluster, with the pods of revisions that are on it.</summary>
/// <param name="Cluster">Its DPUCluster.</param>
/// <param name="Node">The node.</param>
/// <param name="Pods">The pods that say which revision they are of.</param>
internal sealed record RolloutNode(NamespacedName Cluster, V1Node Node, IReadOnlyList<V1Pod> Pods)
{
    /// <summary>Who labels nodes here.</summary>
    public const string FieldManager = "dpudeploymentcontroller";

    /// <summary>What users call it.</summary>
    public string Name => $"node {Node.Metadata.Name} of DPUCluster {Cluster}";

    /// <summary>Whether its kubelet says that it is ready.</summary>
    public bool IsReady => Node.IsReady();

    /// <summary>The slot of a service that it has; null for none yet.</summary>
    public string? Slot(string service) =>
        Node.Metadata.Labels?.TryGetValue(DeploymentNames.ServiceNodes(service), out var value) == true ? value : null;

    /// <summary>
    /// Since when a revision had the chance to work here: since the node has its label, the node is ready, or its pods changed
    /// last. Null while nobody said.
    /// </summary>
    public DateTimeOffset? Since(string service, string serviceId, string slot)
    {
        if (Node.Metadata.Annotations?.TryGetValue(DeploymentNames.NodeSince(service), out var text) != true ||
            !DateTimeOffset.TryParse(text, CultureInfo.InvariantCulture, out var since))
        {
            return null;
        }

        return Of(serviceId, slot).SelectMany(p => new[] { p.Metadata.CreationTimestamp, Ready(p.Status?.Conditions) })
            .Append(Node.Status?.Conditions?.FirstOrDefault(c => c.Type == "Ready")?.LastTransitionTime)
            .OfType<DateTime>().Select(t => new DateTimeOffset(DateTime.SpecifyKind(t, DateTimeKind.Utc)))
            .Append(since).Max();

        static DateTime? Ready(IEnumerable<V1PodCondition>? conditions) => conditions?.FirstOrDefault(c => c.Type == "Ready")?.LastTransitionTime;
    }

    /// <summary>Whether this controller labels it.</summary>
    public bool IsLabelledHere(string service) => Owners(service).Contains(FieldManager);

    /// <summary>Whether nobody else insists on its label: the DPU did, while its set said what the label is.</summary>
    public bool IsLabelledOnlyHere(string service) => Owners(service).All(o => o == FieldManager);

    /// <summary>Whether a revision's pods are there and work.</summary>
    public bool Runs(string serviceId, string slot) => Of(serviceId, slot) is { Count: > 0 } pods && pods.All(p => p.IsReady());

    /// <summary>What keeps a revision's pods from working.</summary>
    public string Trouble(string serviceId, string slot)
    {
        if (!IsReady)
        {
            return "the node is not ready";
        }

        var pods = Of(serviceId, slot);
        var waiting = pods.SelectMany(p => p.Status?.ContainerStatuses ?? []).Select(s => s.State?.Waiting?.Reason)
            .FirstOrDefault(r => !string.IsNullOrEmpty(r));
        return pods.FirstOrDefault(p => !p.IsReady()) is { } pod
            ? $"pod {pod.Metadata.NamespaceProperty}/{pod.Metadata.Name} is {waiting ?? Unscheduled(pod) ?? pod.Status?.Phase ?? "Pending"}"
            : $"no pod with the labels of serviceDaemonSet.labels is there; the chart has to use serviceDaemonSet.labels and .nodeSelector";
    }

    private static string? Unscheduled(V1Pod pod) =>
        pod.Status?.Conditions?.FirstOrDefault(c => c.Type == "PodScheduled" && c.Status == "False") is { } condition
            ? $"{condition.Reason}: {condition.Message}"
            : null;

    private List<V1Pod> Of(string serviceId, string slot) =>
    [
        .. Pods.Where(p => p.Metadata.DeletionTimestamp is null && p.Metadata.Labels is { } labels &&
            labels.TryGetValue(DeploymentNames.PodRevision, out var value) && value == slot &&
            labels.TryGetValue(DeploymentNames.Service, out var id) && id == serviceId),
    ];

    private IEnumerable<string> Owners(string service)
    {
        var field = "f:" + DeploymentNames.ServiceNodes(service);
        return (Node.Metadata.ManagedFields ?? []).Where(m => m.FieldsV1 is JsonElement { ValueKind: JsonValueKind.Object } fields &&
            fields.TryGetProperty("f:metadata", out var metadata) && metadata.TryGetProperty("f:labels", out var labels) &&
            labels.TryGetProperty(field, out _)).Select(m => m.Manager);
    }
}
