using Dpf.Api.ThirdParty.AdminPolicies;
using Dpf.Ovn.Addressing;
using Dpf.Runtime.Addressing;
using k8s.Models;

namespace Dpf.Ovn.Zone.Planning.Policies;

/// <summary>Resolves the administrators' policies and sorts the zone's pods by the rules that they are subject to.</summary>
internal sealed class AdminPolicyFacts(
    PolicyPods pods, IReadOnlyCollection<V1Node> nodes, IReadOnlyDictionary<string, IReadOnlyList<IpAddress>> names)
{
    public IReadOnlyList<ZoneAdminPolicy> Read(
        IEnumerable<AdminNetworkPolicy> policies, IEnumerable<BaselineAdminNetworkPolicy> baselines)
    {
        // Of two with one priority the order is not defined; by name it is at least the same in all zones.
        List<Subject> subjects =
        [
            .. policies.OrderBy(p => p.Spec.Priority).ThenBy(p => p.Metadata.Name, StringComparer.Ordinal).Select(Of),
            .. baselines.Where(b => b.Metadata.Name == BaselineAdminNetworkPolicy.OnlyName).Select(Of),
        ];
        var chosen = subjects
            .SelectMany((s, i) => Select(s.Of).Where(p => p.Port is not null).Select(pod => (pod.Port, Pod: pod, Index: i)))
            .GroupBy(c => c.Port!, StringComparer.Ordinal)
            .OrderBy(g => g.Key, StringComparer.Ordinal)
            .Select(g => (Port: g.Key, g.First().Pod, Mine: g.Select(c => subjects[c.Index]).ToList()));
        return
        [
            .. chosen.GroupBy(c => string.Join('+', c.Mine.Select(s => s.Signature(c.Pod))), StringComparer.Ordinal)
                .Select(alike => (Class: alike.Key, alike.First().Mine, alike.First().Pod, Ports: alike.Select(c => c.Port).ToList()))
                .Select(a => new ZoneAdminPolicy(
                    a.Class,
                    a.Ports,
                    [.. a.Mine.Where(s => !s.IsBaseline).SelectMany(s => s.Rules.SelectMany(r => Resolve(s, r, a.Pod)))],
                    [.. a.Mine.Where(s => s.IsBaseline).SelectMany(s => s.Rules.SelectMany(r => Resolve(s, r, a.Pod)))])),
        ];
    }

    private static Subject Of(AdminNetworkPolicy policy) => new(
        policy.Metadata.Name, false, policy.Spec.Subject, AclLogging.Read(policy.Metadata.Annotations),
        [
            .. (policy.Spec.Ingress ?? []).Select((r, i) => new Rule(i, r.Action, r.Ports, r.From, null)),
            .. (policy.Spec.Egress ?? []).Select((r, i) => new Rule(i, r.Action, r.Ports, null, r.To)),
        ]);

    private static Subject Of(BaselineAdminNetworkPolicy policy) => new(
        policy.Metadata.Name, true, policy.Spec.Subject, AclLogging.Read(policy.Metadata.Annotations),
        [
            .. (policy.Spec.Ingress ?? []).Select((r, i) => new Rule(i, r.Action, r.Ports, r.From, null)),
            .. (policy.Spec.Egress ?? []).Select((r, i) => new Rule(i, r.Action, r.Ports, null, r.To)),
        ]);

    private IEnumerable<PolicyPod> Select(AdminPolicySubject subject) =>
        subject.Namespaces is { } namespaces ? pods.Select(namespaces, null)
        : subject.Pods is { } chosen ? pods.Select(chosen.NamespaceSelector, chosen.PodSelector)
        : [];

    private IEnumerable<ZoneAdminRule> Resolve(Subject subject, Rule rule, PolicyPod target)
    {
        if (!Enum.TryParse<AdminAction>(rule.Action, out var action))
        {
            yield break;
        }

        var peers = Peers(rule);
        var numbered = rule.Ports is { Count: > 0 } ? PortSet.Union(rule.Ports.Select(Numbered)) : PortSet.All;
        var parts = rule.IsIngress
            ? [new ZonePolicyRule(peers, numbered.Union(PortSet.Union(rule.Names.Select(n => target.Named(n)))))]
            : NamedPorts.Split(pods, peers, numbered, [.. rule.Names.Select(n => (n, (string?)null))]);
        foreach (var part in parts.Where(p => !p.Ports.IsEmpty))
        {
            yield return new ZoneAdminRule(subject.Name, rule.Index, rule.IsIngress, action, part.Peers, part.Ports, subject.Logging);
        }
    }

    private ZonePeers Peers(Rule rule)
    {
        List<string> sets = [];
        var addresses = IpSet.None;
        foreach (var peer in rule.To ?? (rule.From ?? []).Select(p => new AdminPolicyEgressPeer { Namespaces = p.Namespaces, Pods = p.Pods }))
        {
            if (peer.Namespaces is { } namespaces)
            {
                // Pods alone: the API leaves out those with the host's network, and a denial of everybody would end the kubelets' probes.
                sets.Add(pods.SetOf(namespaces, new V1LabelSelector()));
            }
            else if (peer.Pods is { } chosen)
            {
                sets.Add(pods.SetOf(chosen.NamespaceSelector, chosen.PodSelector));
            }
            else if (peer.Nodes is { } selector)
            {
                addresses = addresses.Union(NodeAddresses.Of(nodes, selector));
            }
            else
            {
                addresses = addresses
                    .Union(IpSet.Of((peer.Networks ?? []).Where(n => Cidr.TryParse(n, out _)).Select(Cidr.Parse)))
                    .Union(IpSet.Of(PolicyNames.Of(peer, rule.Action).SelectMany(n => names.GetValueOrDefault(PolicyNames.Normal(n), []))));
            }
        }

        return new ZonePeers(false, [.. sets.Distinct(StringComparer.Ordinal).Order(StringComparer.Ordinal)], addresses);
    }

    private static PortSet Numbered(AdminPolicyPort port) =>
        port.PortNumber is { } number ? PortSet.Of(number.Protocol, number.Port, number.Port)
        : port.PortRange is { } range ? PortSet.Of(range.Protocol, range.Start, range.End)
        : PortSet.None;

    private sealed record Rule(
        int Index, string Action, IList<AdminPolicyPort>? Ports, IEnumerable<AdminPolicyIngressPeer>? From, IEnumerable<AdminPolicyEgressPeer>? To)
    {
        public bool IsIngress => To is null;

        public IEnumerable<string> Names => (Ports ?? []).Select(p => p.NamedPort).OfType<string>();
    }

    private sealed record Subject(string Name, bool IsBaseline, AdminPolicySubject Of, AclLogging Logging, IReadOnlyList<Rule> Rules)
    {
        /// <summary>Pods with the same are told together: the policy, and the numbers that the pod has for its names.</summary>
        public string Signature(PolicyPod pod)
        {
            var names = Rules.Where(r => r.IsIngress).SelectMany(r => r.Names).Distinct(StringComparer.Ordinal);
            return $"{(IsBaseline ? "BANP" : "ANP")}:{Name}{string.Concat(names.Select(n => $":{n}={pod.Named(n).Match}"))}";
        }
    }
}
