using Dpf.Api.ThirdParty.OvnKubernetes;
using Dpf.Ovn.Addressing;
using Dpf.Ovn.Zone.Planning.Policies;

namespace Dpf.Ovn.Zone.Planning;

/// <summary>Reads which pods have which address outside.</summary>
internal static class EgressIpFacts
{
    /// <summary>A pod that two objects select has the address of the first by name.</summary>
    public static IReadOnlyList<ZoneEgressIp> Read(IEnumerable<EgressIp> objects, PolicyPods pods)
    {
        var taken = new HashSet<Ipv4>();
        return
        [
            .. objects
                .OrderBy(e => e.Metadata.Name, StringComparer.Ordinal)
                .Select(e => new ZoneEgressIp(
                    e.Metadata.Name,
                    [
                        .. (e.Status?.Items ?? [])
                            .Select(i => (Address: Ipv4.TryParse(i.EgressIp, out var address) ? address : (Ipv4?)null, i.Node))
                            .Where(i => i.Address is not null).Select(i => (i.Address!.Value, i.Node)),
                    ],
                    [
                        .. pods.Select(e.Spec.NamespaceSelector, e.Spec.PodSelector)
                            .Where(p => p.Address is { } address && taken.Add(address))
                            .Select(p => (p.Address!.Value, p.Pod.Spec.NodeName)).OrderBy(p => p.Value),
                    ]))
                .Where(e => e.Assignments.Count > 0 && e.Pods.Count > 0),
        ];
    }
}
