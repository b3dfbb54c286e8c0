using Dpf.Ovn.Addressing;
using Dpf.Ovn.Annotations;
using Dpf.Runtime.Addressing;
using Dpf.Runtime.Selecting;
using k8s.Models;

namespace Dpf.Ovn.Zone.Planning.Policies;

/// <summary>The addresses of hosts.</summary>
internal static class NodeAddresses
{
    /// <summary>Every address of the nodes with these labels.</summary>
    public static IpSet Of(IEnumerable<V1Node> nodes, V1LabelSelector selector) => IpSet.Of(
        nodes.Where(n => selector.Selects(n.Metadata.Labels)).SelectMany(Of));

    private static IEnumerable<IpAddress> Of(V1Node node)
    {
        var annotations = node.Metadata.Annotations;
        var status = IpAddress.ParseAll(
            (node.Status?.Addresses ?? []).Where(a => a.Type is "InternalIP" or "ExternalIP").Select(a => a.Address));
        var gateway = GatewayConfig.Read(annotations)?.Addresses.Select(a => a.Address) ?? [];
        return NodeAnnotations.HostAddresses(annotations).Select(h => h.Address).Concat(status).Concat(gateway);
    }
}
