using System.Globalization;
using Dpf.Ovn.Addressing;
using Dpf.Runtime.Addressing;
using k8s.Models;

namespace Dpf.Ovn.Zone.Planning.Policies;

/// <summary>Resolves network policies: selectors become logical ports and sets of addresses, names of ports become numbers.</summary>
internal sealed class NetworkPolicyFacts(PolicyPods pods)
{
    /// <summary>The policies that select pods of the zone.</summary>
    public IReadOnlyList<ZonePolicy> Read(IEnumerable<V1NetworkPolicy> policies) =>
    [
        .. policies
            .OrderBy(p => p.Metadata.NamespaceProperty, StringComparer.Ordinal)
            .ThenBy(p => p.Metadata.Name, StringComparer.Ordinal)
            .SelectMany(Read),
    ];

    private IEnumerable<ZonePolicy> Read(V1NetworkPolicy policy)
    {
        var ns = policy.Metadata.NamespaceProperty;
        var spec = policy.Spec;
        var types = spec.PolicyTypes is { Count: > 0 } given ? given
            : spec.Egress is { Count: > 0 } ? ["Ingress", "Egress"] : (IList<string>)["Ingress"];
        var ingress = types.Contains("Ingress") ? spec.Ingress ?? [] : null;
        var names = (ingress ?? []).SelectMany(r => r.Ports ?? []).Where(p => Name(p) is not null).ToList();

        // A name means each pod's own number: pods that agree on all of them are told together.
        return pods.Select(ns, spec.PodSelector).Where(p => p.Port is not null)
            .GroupBy(p => string.Join('|', names.Select(n => p.Named(Name(n)!, n.Protocol ?? "TCP").Match)), StringComparer.Ordinal)
            .Select(alike => new ZonePolicy(
                ns,
                policy.Metadata.Name,
                [.. alike.Select(p => p.Port!)],
                ingress is null ? null : [.. ingress.Select(r => Ingress(ns, r, alike.First()))],
                types.Contains("Egress") ? [.. (spec.Egress ?? []).SelectMany(r => Egress(ns, r))] : null)
            {
                Variant = alike.Key,
                Logging = AclLogging.Read(pods.AnnotationsOf(ns)),
            });
    }

    private ZonePolicyRule Ingress(string ns, V1NetworkPolicyIngressRule rule, PolicyPod target) => new(
        Peers(ns, rule.FromProperty),
        rule.Ports is { Count: > 0 } ports
            ? PortSet.Union(ports.Select(p => Name(p) is { } name ? target.Named(name, p.Protocol ?? "TCP") : Numbered(p)))
            : PortSet.All);

    /// <summary>The numbered ports of all peers, and for each number that a name stands for the peers that mean it.</summary>
    private IEnumerable<ZonePolicyRule> Egress(string ns, V1NetworkPolicyEgressRule rule)
    {
        var peers = Peers(ns, rule.To);
        if (rule.Ports is not { Count: > 0 } ports)
        {
            return [new ZonePolicyRule(peers, PortSet.All)];
        }

        return NamedPorts.Split(
            pods, peers, PortSet.Union(ports.Where(p => Name(p) is null).Select(Numbered)),
            [.. ports.Where(p => Name(p) is not null).Select(p => (Name(p)!, (string?)(p.Protocol ?? "TCP")))]);
    }

    private ZonePeers Peers(string ns, IList<V1NetworkPolicyPeer>? peers)
    {
        if (peers is null or { Count: 0 })
        {
            return ZonePeers.Everybody;
        }

        var sets = peers.Where(p => p.IpBlock is null && (p.NamespaceSelector ?? p.PodSelector) is not null)
            .Select(p => p.NamespaceSelector is { } namespaces ? pods.SetOf(namespaces, p.PodSelector) : pods.SetOf(ns, p.PodSelector));
        var blocks = peers.Select(p => p.IpBlock).OfType<V1IPBlock>().Select(Block).Aggregate(IpSet.None, (all, next) => all.Union(next));
        return new ZonePeers(false, [.. sets.Distinct(StringComparer.Ordinal).Order(StringComparer.Ordinal)], blocks);
    }

    private static IpSet Block(V1IPBlock block) => Cidr.TryParse(block.Cidr, out var network)
        ? IpSet.Of(network).Except(IpSet.Of((block.Except ?? []).Where(e => Cidr.TryParse(e, out _)).Select(Cidr.Parse)))
        : IpSet.None;

    private static string? Name(V1NetworkPolicyPort port) =>
        port.Port?.Value is { Length: > 0 } text && !int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out _) ? text : null;

    private static PortSet Numbered(V1NetworkPolicyPort port) =>
        int.TryParse(port.Port?.Value, NumberStyles.None, CultureInfo.InvariantCulture, out var number)
            ? PortSet.Of(port.Protocol, number, port.EndPort ?? number)
            : PortSet.Of(port.Protocol);
}
