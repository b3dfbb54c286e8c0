using System.Text.Json.Nodes;
using Dpf.Api.Provisioning;
using Dpf.Api.Services;
using Dpf.Runtime.Clusters;
using Dpf.Runtime.Informers;
using Dpf.Runtime.Pods;
using Dpf.Services.Clusters;
using k8s.Models;

namespace Dpf.Services.DpuDeployments.Revisions;

/// <summary>The nodes of a DPUDeployment's DPUs in their clusters.</summary>
internal sealed class DeploymentNodes(DpuClusterLinks links, TimeProvider time)
{
    /// <summary>Pods that say which revision they are of: only those of services whose revisions run side by side do.</summary>
    public static InformerScope Pods { get; } = new(LabelSelector: DeploymentNames.PodRevision);

    /// <summary>The nodes, in the order of their names.</summary>
    public IReadOnlyList<RolloutNode> Of(DpuDeployment deployment)
    {
        var owner = DeploymentNames.Owner(deployment);
        List<RolloutNode> nodes = [];
        foreach (var link in links.All.Where(l => l.Remote is not null))
        {
            var pods = link.Remote!.Cache.Informer<V1Pod>(Pods).All.ToLookup(PodPlacement.PlaceOf);
            nodes.AddRange(link.Remote.Cache.Informer<V1Node>().All
                .Where(n => n.Metadata.DeletionTimestamp is null && Label(n, DeploymentNames.OwnedBy) == owner)
                .OrderBy(n => n.Metadata.Name, StringComparer.Ordinal)
                .Select(n => new RolloutNode(link.Name, n, [.. pods[n.Metadata.Name]])));
        }

        return nodes;
    }

    /// <summary>Why some of a DPUDeployment's nodes may be out of sight; null when none is.</summary>
    public string? Blindness(IEnumerable<Dpu> dpus)
    {
        var wanted = dpus.Select(d => new NamespacedName(d.Spec.Cluster?.Namespace, d.Spec.Cluster?.Name ?? ""))
            .Where(c => c.Name.Length > 0).ToHashSet();
        return links.All.FirstOrDefault(l => !l.IsLeaving && l.Remote is null && wanted.Contains(l.Name))?.Complaint;
    }

    /// <summary>
    /// Makes a node have the slots that are said here, and leaves those that only this controller still says, so that no label
    /// is missing while the DPU takes it over.
    /// </summary>
    /// <param name="node">The node.</param>
    /// <param name="slots">The slots by service; null for a service of which others say it.</param>
    /// <param name="cancellation">Cancels requests.</param>
    public async Task LabelAsync(RolloutNode node, IReadOnlyDictionary<string, string?> slots, CancellationToken cancellation)
    {
        var (labels, annotations) = (new JsonObject(), new JsonObject());
        var isNew = false;
        foreach (var (service, slot) in slots.OrderBy(s => s.Key, StringComparer.Ordinal))
        {
            var now = node.Slot(service);
            var value = slot ?? (node.IsLabelledHere(service) && node.IsLabelledOnlyHere(service) ? now : null);
            isNew |= value is null ? node.IsLabelledHere(service) : value != now || !node.IsLabelledHere(service);
            if (value is null)
            {
                continue;
            }

            labels[DeploymentNames.ServiceNodes(service)] = value;
            annotations[DeploymentNames.NodeSince(service)] =
                value == now && node.Node.Metadata.Annotations?.TryGetValue(DeploymentNames.NodeSince(service), out var since) == true
                    ? since
                    : time.GetUtcNow().ToRfc3339();
        }

        if (!isNew)
        {
            return;
        }

        var link = links.All.FirstOrDefault(l => l.Name == node.Cluster);
        await (link?.Remote ?? throw new InvalidOperationException($"DPUCluster {node.Cluster} does not answer any more")).Client.ApplyAsync(
            new JsonObject
            {
                ["apiVersion"] = "v1",
                ["kind"] = "Node",
                ["metadata"] = new JsonObject
                {
                    ["name"] = node.Node.Metadata.Name,

                    // This node and none that would be made by saying so.
                    ["uid"] = node.Node.Metadata.Uid,
                    ["labels"] = labels,
                    ["annotations"] = annotations,
                },
            },
            RolloutNode.FieldManager, cancellation);
    }

    private static string? Label(V1Node node, string key) => node.Metadata.Labels?.TryGetValue(key, out var value) == true ? value : null;
}
