using Dpf.Api.ThirdParty.OvnKubernetes;
using Dpf.Ovn.Annotations;
using Dpf.Runtime.Addressing;
using k8s.Models;

namespace Dpf.Ovn.ClusterManager;

/// <summary>Decides which node holds which egress address: a pure function of the nodes and of what was decided before.</summary>
public static class EgressPlacement
{
    /// <summary>The label of nodes that may hold egress addresses.</summary>
    public const string AssignableLabel = "k8s.ovn.org/egress-assignable";

    /// <summary>
    /// The assignments of every object. An address stays where it is as long as that node can hold it; a new one goes to the node
    /// with the fewest; and two addresses of one object never share a node, since their pods are to be spread.
    /// </summary>
    public static IReadOnlyDictionary<string, IReadOnlyList<EgressPlace>> Of(
        IEnumerable<EgressIp> objects, IEnumerable<V1Node> nodes)
    {
        var all = nodes.ToList();
        var able = all.Where(IsAble).Select(n => (n.Metadata.Name, Networks: GatewayConfig.Read(n.Metadata.Annotations)!.Addresses))
            .OrderBy(n => n.Name, StringComparer.Ordinal).ToList();

        // Also of nodes that hold none: two machines that answer for one address reach nobody.
        var own = all.SelectMany(OwnAddresses).ToHashSet();
        var ordered = objects.OrderBy(e => e.Metadata.CreationTimestamp ?? DateTime.MaxValue)
            .ThenBy(e => e.Metadata.Name, StringComparer.Ordinal).ToList();
        var load = able.ToDictionary(n => n.Name, _ => 0, StringComparer.Ordinal);
        var taken = new HashSet<IpAddress>();
        var given = ordered.ToDictionary(e => e.Metadata.Name, _ => new List<EgressPlace>(), StringComparer.Ordinal);

        // First everything that stays, or a new address could be given a place that is not free.
        foreach (var egress in ordered)
        {
            foreach (var item in egress.Status?.Items ?? [])
            {
                if (Wanted(egress).Contains(item.EgressIp) && IpAddress.TryParse(item.EgressIp, out var address) && CanHold(address, item.Node) &&
                    given[egress.Metadata.Name].All(g => g.Node != item.Node) && taken.Add(address))
                {
                    Give(egress, item.EgressIp, item.Node);
                }
            }
        }

        foreach (var egress in ordered)
        {
            foreach (var text in Wanted(egress))
            {
                if (IpAddress.TryParse(text, out var address) && !taken.Contains(address) && able
                        .Where(n => CanHold(address, n.Name) && given[egress.Metadata.Name].All(g => g.Node != n.Name))
                        .OrderBy(n => load[n.Name]).ThenBy(n => n.Name, StringComparer.Ordinal)
                        .Select(n => n.Name).FirstOrDefault() is { } node)
                {
                    taken.Add(address);
                    Give(egress, text, node);
                }
            }
        }

        return given.ToDictionary(
            g => g.Key, g => (IReadOnlyList<EgressPlace>)[.. g.Value.OrderBy(i => i.EgressIp, StringComparer.Ordinal)],
            StringComparer.Ordinal);

        void Give(EgressIp egress, string address, string node)
        {
            given[egress.Metadata.Name].Add(new EgressPlace(address, node));
            load[node]++;
        }

        bool CanHold(IpAddress address, string node) => !own.Contains(address) && able.Any(n => n.Name == node && n.Networks.Any(a => a.Contains(address)));
    }

    /// <summary>The addresses that a node has for itself.</summary>
    internal static IEnumerable<IpAddress> OwnAddresses(V1Node node) =>
    [
        .. GatewayConfig.Read(node.Metadata.Annotations)?.Addresses.Select(a => a.Address) ?? [],
        .. NodeAnnotations.HostAddresses(node.Metadata.Annotations).Select(a => a.Address),
        .. NodeAnnotations.Encap(node.Metadata.Annotations) is { } encap ? (IpAddress[])[encap] : [],
        .. IpAddress.ParseAll((node.Status?.Addresses ?? []).Where(a => a.Type is "InternalIP" or "ExternalIP").Select(a => a.Address)),
    ];

    private static IEnumerable<string> Wanted(EgressIp egress) => egress.Spec.EgressIps.Distinct(StringComparer.Ordinal);

    private static bool IsAble(V1Node node) =>
        node.Metadata.Labels?.ContainsKey(AssignableLabel) == true &&
        node.Metadata.DeletionTimestamp is null &&
        GatewayConfig.Read(node.Metadata.Annotations) is not null &&
        NodeAnnotations.NodeId(node.Metadata.Annotations) is not null &&
        (node.Status?.Conditions ?? []).FirstOrDefault(c => c.Type == "Ready")?.Status != "False" &&
        (node.Status?.Conditions ?? []).FirstOrDefault(c => c.Type == "Ready")?.Status != "Unknown";
}

/// <summary>An address and the node that holds it.</summary>
public sealed record EgressPlace(string EgressIp, string Node);
