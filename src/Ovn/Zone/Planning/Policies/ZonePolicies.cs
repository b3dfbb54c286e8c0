using Dpf.Ovn.Addressing;
using Dpf.Runtime.Addressing;

namespace Dpf.Ovn.Zone.Planning.Policies;

/// <summary>Everything that decides which packets of a zone's pods may pass.</summary>
public sealed record ZonePolicies
{
    /// <summary>No policy at all.</summary>
    public static ZonePolicies None { get; } = new();

    /// <summary>The network policies, their selectors resolved.</summary>
    public IReadOnlyList<ZonePolicy> Network { get; init; } = [];

    /// <summary>The administrators' policies, by the pods that they concern.</summary>
    public IReadOnlyList<ZoneAdminPolicy> Admin { get; init; } = [];

    /// <summary>What namespaces may not reach outside.</summary>
    public IReadOnlyList<ZoneEgressFirewall> Firewalls { get; init; } = [];

    /// <summary>The addresses of the pods that selectors choose, by a key that rules with the same selector share.</summary>
    public IReadOnlyDictionary<string, IReadOnlyList<IpAddress>> PeerSets { get; init; } = new Dictionary<string, IReadOnlyList<IpAddress>>();

    /// <summary>The addresses that names were found to have.</summary>
    public IReadOnlyDictionary<string, IReadOnlyList<IpAddress>> Names { get; init; } = new Dictionary<string, IReadOnlyList<IpAddress>>();
}

/// <summary>Who is at the other end.</summary>
/// <param name="Anyone">Everybody.</param>
/// <param name="Sets">The keys of sets of pods.</param>
/// <param name="Addresses">Further addresses.</param>
public sealed record ZonePeers(bool Anyone, IReadOnlyList<string> Sets, IpSet Addresses)
{
    /// <summary>Nobody.</summary>
    public static ZonePeers Nobody { get; } = new(false, [], IpSet.None);

    /// <summary>Everybody.</summary>
    public static ZonePeers Everybody { get; } = new(true, [], IpSet.None);

    /// <summary>All their addresses.</summary>
    public IpSet Resolve(IReadOnlyDictionary<string, IReadOnlyList<IpAddress>> sets) => Anyone
        ? IpSet.All
        : IpSet.Of(Sets.SelectMany(s => sets[s])).Union(Addresses);
}

/// <summary>What a rule of a network policy allows.</summary>
/// <param name="Peers">Whom.</param>
/// <param name="Ports">What.</param>
public sealed record ZonePolicyRule(ZonePeers Peers, PortSet Ports);

/// <summary>A network policy for those of its pods for which it means the same ports.</summary>
/// <param name="Namespace">Its namespace.</param>
/// <param name="Name">Its name.</param>
/// <param name="Ports">The logical ports of the zone's pods that it selects.</param>
/// <param name="Ingress">What may come in; null when it does not restrict that.</param>
/// <param name="Egress">What may go out; null when it does not restrict that.</param>
public sealed record ZonePolicy(
    string Namespace, string Name, IReadOnlyList<string> Ports, IReadOnlyList<ZonePolicyRule>? Ingress, IReadOnlyList<ZonePolicyRule>? Egress)
{
    /// <summary>Tells the parts of a policy apart whose pods have different numbers under a port's name; empty for most.</summary>
    public string Variant { get; init; } = "";

    /// <summary>What its namespace wants to read about.</summary>
    public AclLogging Logging { get; init; } = AclLogging.None;
}

/// <summary>What a rule of an administrator does.</summary>
public enum AdminAction
{
    /// <summary>The packet passes.</summary>
    Allow,

    /// <summary>The packet is dropped.</summary>
    Deny,

    /// <summary>The network policies decide.</summary>
    Pass,
}

/// <summary>A rule of an administrator.</summary>
/// <param name="Policy">The policy that it is of.</param>
/// <param name="Index">Its place among the policy's rules of its direction.</param>
/// <param name="IsIngress">Whether it is about what comes in.</param>
/// <param name="Action">What it does.</param>
/// <param name="Peers">Whose traffic.</param>
/// <param name="Ports">Which traffic.</param>
/// <param name="Logging">What the policy wants to read about.</param>
public sealed record ZoneAdminRule(
    string Policy, int Index, bool IsIngress, AdminAction Action, ZonePeers Peers, PortSet Ports, AclLogging Logging);

/// <summary>The rules of administrators that the same pods are subject to, in the order in which they are asked.</summary>
/// <param name="Class">What those pods have in common.</param>
/// <param name="Ports">The logical ports of the zone's pods.</param>
/// <param name="Rules">The rules that come before the network policies.</param>
/// <param name="Baseline">The rules for those that no network policy selects.</param>
public sealed record ZoneAdminPolicy(
    string Class, IReadOnlyList<string> Ports, IReadOnlyList<ZoneAdminRule> Rules, IReadOnlyList<ZoneAdminRule> Baseline);

/// <summary>What a namespace's pods may not reach outside.</summary>
/// <param name="Namespace">The namespace.</param>
/// <param name="Ports">The logical ports of the zone's pods in it.</param>
/// <param name="Denied">What is denied.</param>
/// <param name="Logging">What the namespace wants to read about.</param>
public sealed record ZoneEgressFirewall(string Namespace, IReadOnlyList<string> Ports, Traffic Denied, AclLogging Logging);
