using Dpf.Api.ThirdParty.OvnKubernetes;
using Dpf.Ovn.Zone.Planning.Policies;
using Dpf.Runtime.Addressing;

namespace Dpf.Ovn.Zone.Planning;

/// <summary>Reads which pods have which address outside.</summary>
internal static class EgressIpFacts
{
    /// <summary>A pod that two objects select has the address of the first by name.</summary>
    public static IReadOnlyList<ZoneEgressIp> Read(IEnumerable<EgressIp> objects, PolicyPods pods)
    {
        var taken = new HashSet<IpAddress>();
        return
        [
            .. objects
                .OrderBy(e => e.Metadata.Name, StringComparer.Ordinal)
                .Select(e => new ZoneEgressIp(
                    e.Metadata.Name,
                    [
                        .. (e.Status?.Items ?? [])
                            .Select(i => (Address: IpAddress.ParseOrNull(i.EgressIp), i.Node))
                            .Where(i => i.Address is not null).Select(i => (i.Address!.Value, i.Node)),
                    ],
                    [
                        .. pods.Select(e.Spec.NamespaceSelector, e.Spec.PodSelector)
                            .SelectMany(p => p.Addresses.Where(taken.Add).Select(a => (a, p.Pod.Spec.NodeName))).OrderBy(p => p.a),
                    ]))
                .Where(e => e.Assignments.Count > 0 && e.Pods.Count > 0),
        ];
    }
}
