using Dpf.Ovn.Addressing;
using Dpf.Ovn.Annotations;
using k8s.Models;

namespace Dpf.Ovn.Zone.Planning.Policies;

/// <summary>The addresses of hosts.</summary>
internal static class NodeAddresses
{
    /// <summary>Every address of the nodes with these labels.</summary>
    public static Ipv4Set Of(IEnumerable<V1Node> nodes, V1LabelSelector selector) => Ipv4Set.Of(
        nodes.Where(n => LabelSelection.Matches(selector, n.Metadata.Labels)).SelectMany(Of));

    private static IEnumerable<Ipv4> Of(V1Node node)
    {
        var annotations = node.Metadata.Annotations;
        var status = (node.Status?.Addresses ?? []).Where(a => a.Type is "InternalIP" or "ExternalIP")
            .Select(a => Ipv4.TryParse(a.Address, out var address) ? address : (Ipv4?)null).OfType<Ipv4>();
        var gateway = GatewayConfig.Read(annotations) is { } config ? [config.Address.Address] : (Ipv4[])[];
        return NodeAnnotations.HostAddresses(annotations).Select(h => h.Address).Concat(status).Concat(gateway);
    }
}
