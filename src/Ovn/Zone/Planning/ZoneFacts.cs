using Dpf.Ovn.Addressing;
using Dpf.Ovn.Annotations;
using Dpf.Ovn.Zone.Planning.Policies;
using Dpf.Runtime.Addressing;

namespace Dpf.Ovn.Zone.Planning;

/// <summary>Everything that the rows of one zone follow from.</summary>
/// <param name="Zone">The zone, which is the name of its one node.</param>
/// <param name="Network">The cluster's networks.</param>
/// <param name="Nodes">All nodes, the zone's own among them.</param>
/// <param name="Pods">The pods of the zone that have an address.</param>
/// <param name="Services">All services with their endpoints.</param>
/// <param name="Policies">What may pass, the policies' selectors already resolved.</param>
public sealed record ZoneFacts(
    string Zone,
    ClusterNetwork Network,
    IReadOnlyList<ZoneNode> Nodes,
    IReadOnlyList<ZonePod> Pods,
    IReadOnlyList<ZoneService> Services,
    ZonePolicies Policies)
{
    /// <summary>Source addresses that pods have outside.</summary>
    public IReadOnlyList<ZoneEgressIp> EgressIps { get; init; } = [];

    /// <summary>The zone's own node, once the cluster manager has given it a subnet.</summary>
    public ZoneNode? Local => Nodes.FirstOrDefault(n => n.Name == Zone);

    /// <summary>The nodes of the other zones.</summary>
    public IEnumerable<ZoneNode> Remote => Nodes.Where(n => n.Name != Zone);
}

/// <summary>A node with subnets and a number.</summary>
/// <param name="Name">Its name.</param>
/// <param name="Subnets">The subnets of its pods, one of each family at most and IPv4 first.</param>
/// <param name="Id">Its number.</param>
public sealed record ZoneNode(string Name, IReadOnlyList<Cidr> Subnets, int Id)
{
    /// <summary>Its OVN chassis, once that runs.</summary>
    public string? ChassisId { get; init; }

    /// <summary>Its tunnel endpoint.</summary>
    public IpAddress? EncapIp { get; init; }

    /// <summary>Its gateway, once that is set up.</summary>
    public GatewayConfig? Gateway { get; init; }

    /// <summary>The host's addresses other than the gateway's.</summary>
    public IReadOnlyList<IpAddress> HostAddresses { get; init; } = [];

    /// <summary>The management port's MAC address; null for the derived one.</summary>
    public string? ManagementMac { get; init; }

    /// <summary>All addresses of the host.</summary>
    public IEnumerable<IpAddress> Addresses =>
        (Gateway is null ? HostAddresses : [.. Gateway.Addresses.Select(a => a.Address), .. HostAddresses]).Distinct();

    /// <summary>The host's addresses that its gateway does not share.</summary>
    public IEnumerable<IpAddress> OtherAddresses => HostAddresses.Where(a => a != Gateway?.Of(a.Family));

    /// <summary>The management port's addresses: each subnet's second.</summary>
    public IEnumerable<IpAddress> Management => Subnets.Select(s => s.At(2));

    /// <summary>The subnet of a family, if it has one.</summary>
    public Cidr? Subnet(IpFamily family) => Subnets.Where(s => s.Family == family).Select(s => (Cidr?)s).FirstOrDefault();
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
    public required IReadOnlyList<IpAddress> ClusterIps { get; init; }

    /// <summary>External and load-balancer addresses.</summary>
    public IReadOnlyList<IpAddress> ExternalIps { get; init; } = [];

    /// <summary>Its ports.</summary>
    public required IReadOnlyList<ZoneServicePort> Ports { get; init; }

    /// <summary>How long a client stays with one endpoint; null for not at all.</summary>
    public int? AffinitySeconds { get; init; }

    /// <summary>Whether pods reach endpoints of their own node only.</summary>
    public bool InternalLocal { get; init; }

    /// <summary>Whether external clients reach endpoints of the node that they address only.</summary>
    public bool ExternalLocal { get; init; }

    /// <summary>
    /// Where the host of a node itself serves the external clients of a port, who stay on the node: its own port. Null where they may go
    /// elsewhere, or the host does not serve them.
    /// </summary>
    /// <param name="port">The service's port.</param>
    /// <param name="node">The node.</param>
    /// <param name="family">The clients' family.</param>
    /// <param name="host">The host's addresses.</param>
    public int? HostPort(ZoneServicePort port, string node, IpFamily family, IReadOnlyCollection<IpAddress> host) => ExternalLocal
        ? port.EndpointsOn(node).Where(e => e.Address.Family == family && host.Contains(e.Address)).Min(e => (int?)e.Port)
        : null;

    /// <summary>The port of every node at which a balancer outside asks whether it has endpoints of its own; null for none.</summary>
    public int? HealthCheckPort { get; init; }
}

/// <summary>A port of a service with who answers.</summary>
/// <param name="Protocol">tcp, udp or sctp.</param>
/// <param name="Port">The service's port.</param>
/// <param name="NodePort">The node port, or 0.</param>
/// <param name="Candidates">Who is ready, and who still serves while it ends.</param>
public sealed record ZoneServicePort(string Protocol, int Port, int NodePort, IReadOnlyList<ZoneEndpoint> Candidates)
{
    /// <summary>Who answers for the whole cluster.</summary>
    public IReadOnlyList<ZoneEndpoint> Endpoints => Answering(Candidates);

    /// <summary>Who answers on a node, where only its own endpoints count.</summary>
    public IReadOnlyList<ZoneEndpoint> EndpointsOn(string node) => Answering(Candidates.Where(e => e.Node == node));

    /// <summary>Of each family the ready ones; where none of them is, those that still serve while they end (KEP-1669).</summary>
    private static List<ZoneEndpoint> Answering(IEnumerable<ZoneEndpoint> among) =>
        [.. among.GroupBy(e => e.Address.Family).SelectMany(f => f.Any(e => e.IsReady) ? f.Where(e => e.IsReady) : f)];
}

/// <summary>An endpoint that takes connections.</summary>
/// <param name="Address">Its address.</param>
/// <param name="Port">Its port.</param>
/// <param name="Node">Its node, if known.</param>
/// <param name="IsReady">Whether it is ready; one that is not ends, and serves until then.</param>
public sealed record ZoneEndpoint(IpAddress Address, int Port, string? Node, bool IsReady = true);

/// <summary>A source address that pods have outside.</summary>
/// <param name="Name">The object that says so.</param>
/// <param name="Assignments">The addresses with the nodes that they are at.</param>
/// <param name="Pods">The pods' own addresses with their nodes.</param>
public sealed record ZoneEgressIp(
    string Name, IReadOnlyList<(IpAddress Address, string Node)> Assignments, IReadOnlyList<(IpAddress Address, string Node)> Pods);
