using Dpf.Api.ThirdParty.OvnKubernetes;
using Dpf.Ovn.Zone.Planning.Policies;
using Dpf.Runtime.Addressing;

namespace Dpf.Ovn.Zone.Planning;

/// <summary>Reads which pods have which address outside.</summary>
internal static class EgressIpFacts
{
    /// <summary>
    /// A pod that two objects select has the address of the first by name, of those that have one of its family at a node: one that has
    /// none takes nobody from the others.
    /// </summary>
    public static IReadOnlyList<ZoneEgressIp> Read(IEnumerable<EgressIp> objects, PolicyPods pods)
    {
        var taken = new HashSet<IpAddress>();
        return
        [
            .. objects
                .OrderBy(e => e.Metadata.Name, StringComparer.Ordinal)
                .Select(e => (Object: e, Assignments: Assignments(e)))
                .Where(e => e.Assignments.Count > 0)
                .Select(e => new ZoneEgressIp(
                    e.Object.Metadata.Name,
                    e.Assignments,
                    [
                        .. pods.Select(e.Object.Spec.NamespaceSelector, e.Object.Spec.PodSelector)
                            .SelectMany(p => p.Addresses
                                .Where(a => e.Assignments.Any(i => i.Address.Family == a.Family) && taken.Add(a))
                                .Select(a => (a, p.Pod.Spec.NodeName)))
                            .OrderBy(p => p.a),
                    ]))
                .Where(e => e.Pods.Count > 0),
        ];
    }

    private static List<(IpAddress Address, string Node)> Assignments(EgressIp egress) =>
    [
        .. (egress.Status?.Items ?? [])
            .Select(i => (Address: IpAddress.ParseOrNull(i.EgressIp), i.Node))
            .Where(i => i.Address is not null).Select(i => (i.Address!.Value, i.Node)),
    ];
}
