using System.Globalization;
using System.Net;
using Dpf.Api.ThirdParty.AdminPolicies;
using Dpf.Ovn.Zone.Planning;
using k8s.Models;

namespace Dpf.Ovn.Tests.Zone.Truth;

/// <summary>
/// What the objects say about one packet, straight from the words of the API: a judge that shares nothing with the planner.
/// </summary>
internal sealed class Verdicts(ClusterObjects cluster)
{
    /// <summary>Whether a pod may send a packet to another.</summary>
    public bool MaySend(V1Pod from, V1Pod to, string protocol, int port) => May(from, to, protocol, port, ingress: false);

    /// <summary>Whether a pod may receive a packet from another.</summary>
    public bool MayReceive(V1Pod from, V1Pod to, string protocol, int port) => May(from, to, protocol, port, ingress: true);

    private bool May(V1Pod from, V1Pod to, string protocol, int port, bool ingress)
    {
        var subject = ingress ? to : from;
        var peer = ingress ? from : to;
        foreach (var policy in cluster.AdminPolicies.Where(p => About(p.Spec.Subject, subject)).OrderBy(p => p.Spec.Priority))
        {
            var action = ingress
                ? policy.Spec.Ingress?.FirstOrDefault(r => r.From.Any(f => Is(f, peer)) && Is(r.Ports, to, protocol, port))?.Action
                : policy.Spec.Egress?.FirstOrDefault(r => r.To.Any(t => Is(t, peer)) && Is(r.Ports, to, protocol, port))?.Action;
            if (action == "Pass")
            {
                break;
            }

            if (action is not null)
            {
                return action == "Allow";
            }
        }

        var mine = cluster.Policies
            .Where(p => p.Metadata.NamespaceProperty == subject.Metadata.NamespaceProperty && Has(subject, p.Spec.PodSelector))
            .Where(p => ingress ? p.Spec.PolicyTypes?.Contains("Ingress") != false : p.Spec.PolicyTypes?.Contains("Egress") ?? p.Spec.Egress is not null)
            .ToList();
        if (mine.Count > 0)
        {
            return mine.Any(p => ingress
                ? p.Spec.Ingress?.Any(r => Is(r.FromProperty, p, peer) && Is(r.Ports, to, protocol, port)) == true
                : p.Spec.Egress?.Any(r => Is(r.To, p, peer) && Is(r.Ports, to, protocol, port)) == true);
        }

        return cluster.Baselines.Where(b => About(b.Spec.Subject, subject)).Select(b => ingress
                ? b.Spec.Ingress?.FirstOrDefault(r => r.From.Any(f => Is(f, peer)) && Is(r.Ports, to, protocol, port))?.Action
                : b.Spec.Egress?.FirstOrDefault(r => r.To.Any(t => Is(t, peer)) && Is(r.Ports, to, protocol, port))?.Action)
            .FirstOrDefault() != "Deny";
    }

    private bool Is(IList<V1NetworkPolicyPeer>? peers, V1NetworkPolicy policy, V1Pod peer)
    {
        return peers is not { Count: > 0 } || peers.Any(One);

        bool One(V1NetworkPolicyPeer one)
        {
            if (one.IpBlock is { } block)
            {
                var address = IPAddress.Parse(World.Address(peer).ToString());
                return IPNetwork.Parse(block.Cidr).Contains(address) && !(block.Except ?? []).Any(e => IPNetwork.Parse(e).Contains(address));
            }

            var inSpace = one.NamespaceSelector is { } selector
                ? Match(selector, LabelsOf(peer.Metadata.NamespaceProperty))
                : peer.Metadata.NamespaceProperty == policy.Metadata.NamespaceProperty;
            return inSpace && (one.PodSelector is null || Has(peer, one.PodSelector));
        }
    }

    private static bool Is(IList<V1NetworkPolicyPort>? ports, V1Pod target, string protocol, int port) =>
        ports is not { Count: > 0 } || ports.Any(p => (p.Protocol ?? "TCP") == protocol && p.Port?.Value switch
        {
            null => true,
            var text when int.TryParse(text, CultureInfo.InvariantCulture, out var number) => number <= port && port <= (p.EndPort ?? number),
            var name => Calls(target, name, protocol, port),
        });

    private static bool Is(IList<AdminPolicyPort>? ports, V1Pod target, string protocol, int port) =>
        ports is not { Count: > 0 } || ports.Any(p =>
            (p.PortNumber is { } n && n.Protocol == protocol && n.Port == port) ||
            (p.PortRange is { } r && (r.Protocol ?? "TCP") == protocol && r.Start <= port && port <= r.End) ||
            (p.NamedPort is { } name && Calls(target, name, protocol, port)));

    private static bool Calls(V1Pod target, string name, string protocol, int port) => target.Spec.Containers
        .SelectMany(c => c.Ports).Any(c => c.Name == name && (c.Protocol ?? "TCP") == protocol && c.ContainerPort == port);

    private bool About(AdminPolicySubject subject, V1Pod pod) =>
        subject.Namespaces is { } spaces ? Match(spaces, LabelsOf(pod.Metadata.NamespaceProperty)) : Of(subject.Pods!, pod);

    private bool Is(AdminPolicyIngressPeer peer, V1Pod pod) =>
        peer.Namespaces is { } spaces ? Match(spaces, LabelsOf(pod.Metadata.NamespaceProperty)) : Of(peer.Pods!, pod);

    private bool Is(AdminPolicyEgressPeer peer, V1Pod pod) =>
        peer.Namespaces is { } spaces ? Match(spaces, LabelsOf(pod.Metadata.NamespaceProperty))
        : peer.Pods is { } pods ? Of(pods, pod)
        : peer.Networks?.Any(n => IPNetwork.Parse(n).Contains(IPAddress.Parse(World.Address(pod).ToString()))) == true;

    private bool Of(AdminPolicyPods pods, V1Pod pod) =>
        Match(pods.NamespaceSelector, LabelsOf(pod.Metadata.NamespaceProperty)) && Has(pod, pods.PodSelector);

    private IDictionary<string, string> LabelsOf(string ns) => cluster.Namespaces.Single(n => n.Metadata.Name == ns).Metadata.Labels;

    private static bool Has(V1Pod pod, V1LabelSelector selector) => Match(selector, pod.Metadata.Labels);

    private static bool Match(V1LabelSelector selector, IDictionary<string, string> labels) =>
        (selector.MatchLabels ?? new Dictionary<string, string>()).All(labels.Contains) &&
        (selector.MatchExpressions ?? []).All(e => e.OperatorProperty switch
        {
            "In" => labels.TryGetValue(e.Key, out var value) && e.Values.Contains(value),
            "NotIn" => !labels.TryGetValue(e.Key, out var value) || !e.Values.Contains(value),
            var other => throw new NotSupportedException(other),
        });
}
