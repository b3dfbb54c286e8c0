using System.Globalization;
using Dpf.Ovn.Addressing;
using Dpf.Ovn.Annotations;
using k8s.Models;

namespace Dpf.Ovn.Zone.Planning;

/// <summary>Resolves network policies: selectors become ports and addresses, named ports become numbers.</summary>
internal sealed class PolicyFacts(
    IReadOnlyCollection<V1Pod> pods, IReadOnlyCollection<V1Namespace> namespaces, IReadOnlySet<string> localPorts)
{
    public IReadOnlyList<ZonePolicy> Read(IEnumerable<V1NetworkPolicy> policies) =>
    [
        .. policies
            .OrderBy(p => p.Metadata.NamespaceProperty, StringComparer.Ordinal)
            .ThenBy(p => p.Metadata.Name, StringComparer.Ordinal)
            .Select(Read),
    ];

    private ZonePolicy Read(V1NetworkPolicy policy)
    {
        var ns = policy.Metadata.NamespaceProperty;
        var selected = Pods(ns, policy.Spec.PodSelector).ToList();
        var types = policy.Spec.PolicyTypes is { Count: > 0 } given ? given
            : policy.Spec.Egress is { Count: > 0 } ? ["Ingress", "Egress"] : (IList<string>)["Ingress"];
        return new ZonePolicy(
            ns,
            policy.Metadata.Name,
            [.. selected.Select(p => ZonePod.PortOf(ns, p.Metadata.Name)).Where(localPorts.Contains)],
            types.Contains("Ingress")
                ? [.. (policy.Spec.Ingress ?? []).Select(r => Rule(ns, r.FromProperty, r.Ports, selected))]
                : null,
            types.Contains("Egress")
                ? [.. (policy.Spec.Egress ?? []).Select(r => Rule(ns, r.To, r.Ports, null))]
                : null);
    }

    /// <param name="targets">The pods whose named ports are meant; null for the peers.</param>
    private ZonePolicyRule Rule(
        string ns, IList<V1NetworkPolicyPeer>? peers, IList<V1NetworkPolicyPort>? ports, IReadOnlyList<V1Pod>? targets)
    {
        var anyone = peers is null or { Count: 0 };
        var selected = (peers ?? []).Where(p => p.IpBlock is null).SelectMany(p => Peers(ns, p)).ToList();
        return new ZonePolicyRule(
            anyone,
            [.. selected.Select(Address).OfType<Ipv4>()],
            [
                .. (peers ?? []).Select(p => p.IpBlock).OfType<V1IPBlock>().Where(b => Cidr.TryParse(b.Cidr, out _)).Select(b =>
                    (Cidr.Parse(b.Cidr), (IReadOnlyList<Cidr>)[.. (b.Except ?? []).Where(e => Cidr.TryParse(e, out _)).Select(Cidr.Parse)])),
            ],
            [.. (ports ?? []).SelectMany(p => Ports(p, targets ?? (anyone ? pods : selected))).Distinct(StringComparer.Ordinal)]);
    }

    private IEnumerable<V1Pod> Peers(string ns, V1NetworkPolicyPeer peer)
    {
        var spaces = peer.NamespaceSelector is { } selector
            ? namespaces.Where(n => LabelSelection.Matches(selector, n.Metadata.Labels)).Select(n => n.Metadata.Name)
            : [ns];
        return spaces.SelectMany(space => Pods(space, peer.PodSelector));
    }

    private IEnumerable<V1Pod> Pods(string ns, V1LabelSelector? selector) => pods.Where(p =>
        p.Metadata.NamespaceProperty == ns && p.Spec?.HostNetwork != true && LabelSelection.Matches(selector, p.Metadata.Labels));

    private static Ipv4? Address(V1Pod pod) => PodNetwork.Read(pod.Metadata.Annotations)?.Address.Address;

    /// <summary>A port's matches. A name that no pod has matches nothing, where leaving it out would allow everything.</summary>
    private static IEnumerable<string> Ports(V1NetworkPolicyPort port, IEnumerable<V1Pod> targets)
    {
        var protocol = (port.Protocol ?? "TCP").ToLowerInvariant();
        var text = port.Port?.Value;
        if (string.IsNullOrEmpty(text))
        {
            return [protocol];
        }

        if (int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var number))
        {
            return [port.EndPort is { } end
                ? $"{protocol} && {number}<={protocol}.dst<={end}"
                : $"{protocol} && {protocol}.dst=={number}"];
        }

        var named = targets
            .SelectMany(p => p.Spec?.Containers ?? [])
            .SelectMany(c => c.Ports ?? [])
            .Where(p => p.Name == text && (p.Protocol ?? "TCP").Equals(protocol, StringComparison.OrdinalIgnoreCase))
            .Select(p => $"{protocol} && {protocol}.dst=={p.ContainerPort}")
            .Distinct(StringComparer.Ordinal)
            .ToList();
        return named.Count > 0 ? named : [$"{protocol} && {protocol}.dst==0"];
    }
}
