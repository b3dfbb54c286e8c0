using Dpf.Ovn.Addressing;
using Dpf.Ovn.Annotations;

namespace Dpf.Ovn.Zone.Planning;

/// <summary>Everything that the rows of one zone follow from.</summary>
/// <param name="Zone">The zone, which is the name of its one node.</param>
/// <param name="Network">The cluster's networks.</param>
/// <param name="Nodes">All nodes, the zone's own among them.</param>
/// <param name="Pods">The pods of the zone that have an address.</param>
/// <param name="Services">All services with their endpoints.</param>
/// <param name="Policies">The network policies, their selectors already resolved.</param>
public sealed record ZoneFacts(
    string Zone,
    ClusterNetwork Network,
    IReadOnlyList<ZoneNode> Nodes,
    IReadOnlyList<ZonePod> Pods,
    IReadOnlyList<ZoneService> Services,
    IReadOnlyList<ZonePolicy> Policies)
{
    /// <summary>The zone's own node, once the cluster manager has given it a subnet.</summary>
    public ZoneNode? Local => Nodes.FirstOrDefault(n => n.Name == Zone);

    /// <summary>The nodes of the other zones.</summary>
    public IEnumerable<ZoneNode> Remote => Nodes.Where(n => n.Name != Zone);
}

/// <summary>A node with a subnet and a number.</summary>
public sealed record ZoneNode(string Name, Cidr Subnet, int Id)
{
    /// <summary>Its OVN chassis, once that runs.</summary>
    public string? ChassisId { get; init; }

    /// <summary>Its tunnel endpoint.</summary>
    public Ipv4? EncapIp { get; init; }

    /// <summary>Its gateway, once that is set up.</summary>
    public GatewayConfig? Gateway { get; init; }

    /// <summary>The host's addresses other than the gateway's.</summary>
    public IReadOnlyList<Ipv4> HostAddresses { get; init; } = [];

    /// <summary>The management port's MAC address; null for the derived one.</summary>
    public string? ManagementMac { get; init; }

    /// <summary>All addresses of the host.</summary>
    public IEnumerable<Ipv4> Addresses =>
        (Gateway is null ? HostAddresses : [Gateway.Address.Address, .. HostAddresses]).Distinct();

    /// <summary>The management port's address: the subnet's second.</summary>
    public Ipv4 Management => Subnet.At(2);
}

/// <summary>A pod with an address.</summary>
/// <param name="Namespace">Its namespace.</param>
/// <param name="Name">Its name.</param>
/// <param name="Uid">Which incarnation.</param>
/// <param name="Network">Its addresses.</param>
public sealed record ZonePod(string Namespace, string Name, string Uid, PodNetwork Network)
{
    /// <summary>The logical port's name.</summary>
    public string Port => PortOf(Namespace, Name);

    /// <summary>The name of a pod's logical port.</summary>
    public static string PortOf(string ns, string name) => $"{ns}_{name}";
}

/// <summary>A service with a cluster address.</summary>
public sealed record ZoneService(string Namespace, string Name)
{
    /// <summary>Its cluster addresses.</summary>
    public required IReadOnlyList<Ipv4> ClusterIps { get; init; }

    /// <summary>External and load-balancer addresses.</summary>
    public IReadOnlyList<Ipv4> ExternalIps { get; init; } = [];

    /// <summary>Its ports.</summary>
    public required IReadOnlyList<ZoneServicePort> Ports { get; init; }

    /// <summary>How long a client stays with one endpoint; null for not at all.</summary>
    public int? AffinitySeconds { get; init; }

    /// <summary>Whether pods reach endpoints of their own node only.</summary>
    public bool InternalLocal { get; init; }

    /// <summary>Whether external clients reach endpoints of the node that they address only.</summary>
    public bool ExternalLocal { get; init; }
}

/// <summary>A port of a service with who answers.</summary>
/// <param name="Protocol">tcp, udp or sctp.</param>
/// <param name="Port">The service's port.</param>
/// <param name="NodePort">The node port, or 0.</param>
/// <param name="Endpoints">Who answers.</param>
public sealed record ZoneServicePort(string Protocol, int Port, int NodePort, IReadOnlyList<ZoneEndpoint> Endpoints);

/// <summary>An endpoint that takes connections.</summary>
/// <param name="Address">Its address.</param>
/// <param name="Port">Its port.</param>
/// <param name="Node">Its node, if known.</param>
public sealed record ZoneEndpoint(Ipv4 Address, int Port, string? Node);

/// <summary>A network policy, resolved.</summary>
/// <param name="Namespace">Its namespace.</param>
/// <param name="Name">Its name.</param>
/// <param name="Ports">The logical ports of the zone's pods that it selects.</param>
/// <param name="Ingress">The rules for what may come in; null when it does not restrict that.</param>
/// <param name="Egress">The rules for what may go out; null when it does not restrict that.</param>
public sealed record ZonePolicy(
    string Namespace,
    string Name,
    IReadOnlyList<string> Ports,
    IReadOnlyList<ZonePolicyRule>? Ingress,
    IReadOnlyList<ZonePolicyRule>? Egress);

/// <summary>One rule of a policy.</summary>
/// <param name="Anyone">Whether it allows every peer.</param>
/// <param name="Peers">The addresses of selected pods.</param>
/// <param name="Blocks">Networks with what they leave out.</param>
/// <param name="Ports">Matches of the allowed ports, e.g. <c>tcp &amp;&amp; tcp.dst==80</c>; empty for all.</param>
public sealed record ZonePolicyRule(
    bool Anyone,
    IReadOnlyList<Ipv4> Peers,
    IReadOnlyList<(Cidr Network, IReadOnlyList<Cidr> Except)> Blocks,
    IReadOnlyList<string> Ports);
