using Dpf.Api.ThirdParty.OvnKubernetes;
using Dpf.Ovn.Addressing;
using Dpf.Runtime.Addressing;
using k8s.Models;

namespace Dpf.Ovn.Zone.Planning.Policies;

/// <summary>Resolves egress firewalls: what their rules, asked in order, deny in the end.</summary>
internal sealed class EgressFirewallFacts(PolicyPods pods, IReadOnlyCollection<V1Node> nodes, ClusterNetwork network)
{
    /// <param name="firewalls">The firewalls; of each namespace the one that is named <c>default</c> counts.</param>
    /// <param name="names">The addresses that names were found to have.</param>
    public IReadOnlyList<ZoneEgressFirewall> Read(
        IEnumerable<EgressFirewall> firewalls, IReadOnlyDictionary<string, IReadOnlyList<IpAddress>> names) =>
    [
        .. firewalls
            .Where(f => f.Metadata.Name == EgressFirewall.OnlyName)
            .OrderBy(f => f.Metadata.NamespaceProperty, StringComparer.Ordinal)
            .Select(f => new ZoneEgressFirewall(
                f.Metadata.NamespaceProperty,
                [.. pods.Select(f.Metadata.NamespaceProperty, null).Select(p => p.Port).OfType<string>()],
                Denied(f.Spec.Egress, names),
                AclLogging.Read(pods.AnnotationsOf(f.Metadata.NamespaceProperty))))
            .Where(f => f.Ports.Count > 0 && f.Denied.Parts.Count > 0),
    ];

    private Traffic Denied(IEnumerable<EgressFirewallRule> rules, IReadOnlyDictionary<string, IReadOnlyList<IpAddress>> names)
    {
        // What stays in the cluster is the network policies' affair.
        var inside = IpSet.Of(network.Families.SelectMany(f => (Cidr[])[.. f.Pods.Select(p => p.Network), f.Join, f.Masquerade]));
        var known = IpSet.Of(network.Families.Select(f => new Cidr(new IpAddress(f.Family, 0), 0)));
        var (allowed, denied) = (Traffic.None, Traffic.None);
        foreach (var rule in rules)
        {
            var ports = rule.Ports is { Count: > 0 } list
                ? PortSet.Union(list.Select(p => PortSet.Of(p.Protocol, p.Port, p.Port)))
                : PortSet.All;
            var traffic = Traffic.Of(Destination(rule.To, names).Intersect(known).Except(inside), ports);
            if (rule.Type == "Allow")
            {
                allowed = allowed.Union(traffic);
            }
            else
            {
                denied = denied.Union(traffic.Except(allowed).Except(denied));
            }
        }

        return denied;
    }

    private IpSet Destination(EgressFirewallDestination to, IReadOnlyDictionary<string, IReadOnlyList<IpAddress>> names) =>
        Cidr.TryParse(to.CidrSelector, out var network) ? IpSet.Of(network)
        : IpAddress.TryParse(to.CidrSelector, out var single) ? IpSet.Of(single)
        : to.DnsName is { } name ? IpSet.Of(names.GetValueOrDefault(PolicyNames.Normal(name), []))
        : to.NodeSelector is { } selector ? NodeAddresses.Of(nodes, selector)
        : IpSet.None;
}
