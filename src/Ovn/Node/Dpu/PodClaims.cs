using Dpf.Ovn.Annotations;
using Dpf.Ovn.Zone.Planning;
using Dpf.Runtime.Addressing;
using k8s.Models;

namespace Dpf.Ovn.Node.Dpu;

/// <summary>What a pod of the node asks of its DPU.</summary>
/// <param name="Pod">The pod.</param>
/// <param name="Details">The VF that its host chose.</param>
/// <param name="Network">Its addresses.</param>
/// <param name="Refusal">Why it cannot have them; null when it can.</param>
public sealed record PodClaim(V1Pod Pod, ConnectionDetails Details, PodNetwork Network, string? Refusal);

/// <summary>Reads what the pods of a node ask for.</summary>
public static class PodClaims
{
    /// <summary>The claims; of two on one VF the younger, whose claim is the later.</summary>
    /// <param name="pods">All pods.</param>
    /// <param name="node">The node.</param>
    /// <param name="subnets">Its subnets; none until it has them.</param>
    public static IReadOnlyList<PodClaim> Read(IEnumerable<V1Pod> pods, string node, IReadOnlyList<Cidr> subnets)
    {
        var local = pods.Where(p => ClusterFacts.IsLocal(p, node))
            .Select(p => (Pod: p, Network: PodNetwork.Read(p.Metadata.Annotations)))
            .Where(p => p.Network is not null)
            .OrderBy(p => p.Pod.Metadata.CreationTimestamp ?? DateTime.MaxValue)
            .ThenBy(p => p.Pod.Metadata.Uid, StringComparer.Ordinal)
            .ToList();
        var owners = new Dictionary<IpAddress, V1Pod>();
        foreach (var (pod, network) in local)
        {
            foreach (var address in network!.Ips)
            {
                owners.TryAdd(address, pod);
            }
        }

        return
        [
            .. local
                .Select(p => (p.Pod, Details: ConnectionDetails.Read(p.Pod.Metadata.Annotations), Network: p.Network!))
                .Where(p => p.Details is not null)
                .GroupBy(p => (p.Details!.PfId, p.Details.VfId))
                .Select(g => g.OrderBy(p => p.Pod.Metadata.DeletionTimestamp is null).ThenBy(p => p.Pod.Metadata.CreationTimestamp).Last())
                .Select(p => new PodClaim(p.Pod, p.Details!, p.Network, Refusal(p.Pod, p.Network, subnets, owners))),
        ];
    }

    /// <summary>The same judgement as the zone's, which gives such a pod no port.</summary>
    private static string? Refusal(V1Pod pod, PodNetwork network, IReadOnlyList<Cidr> subnets, Dictionary<IpAddress, V1Pod> owners)
    {
        foreach (var address in network.Addresses.Select(a => a.Address))
        {
            if (!subnets.Any(s => PodAddresses.IsPods(s, address)))
            {
                return $"the address {address} in the annotation {PodNetwork.Annotation} is none of a pod of this node, whose subnet is {string.Join(',', subnets)}; remove the annotation";
            }

            if (owners[address.Address] is var owner && owner.Metadata.Uid != pod.Metadata.Uid)
            {
                return $"the address {address.Address} in the annotation {PodNetwork.Annotation} belongs to pod {owner.Metadata.NamespaceProperty}/{owner.Metadata.Name}, which is older; remove the annotation";
            }
        }

        return null;
    }
}
