using Dpf.Runtime.Addressing;
namespace Dpf.Ovn.Addressing;

/// <summary>A cluster's networks of one address family.</summary>
/// <param name="Family">The family.</param>
/// <param name="Pods">Where pods get their addresses.</param>
/// <param name="Services">Where services get theirs.</param>
public sealed record FamilyNetwork(IpFamily Family, IReadOnlyList<SubnetRange> Pods, IReadOnlyList<Cidr> Services)
{
    /// <summary>Between the cluster router and the gateway routers.</summary>
    public Cidr Join { get; init; } = Cidr.Parse(Family == IpFamily.V4 ? "100.64.0.0/16" : "fd98::/64");

    /// <summary>Between the zones.</summary>
    public Cidr Transit { get; init; } = Cidr.Parse(Family == IpFamily.V4 ? "100.88.0.0/16" : "fd97::/64");

    /// <summary>Link-local addresses between a host and OVN.</summary>
    public Cidr Masquerade { get; init; } = Cidr.Parse(Family == IpFamily.V4 ? "169.254.0.0/17" : "fd69::/112");

    /// <summary>OVN's own masquerade address.</summary>
    public IpAddress OvnMasquerade => Masquerade.At(1);

    /// <summary>The host's masquerade address.</summary>
    public IpAddress HostMasquerade => Masquerade.At(2);

    /// <summary>The host's masquerade address for services with a local external policy.</summary>
    public IpAddress HostLocalMasquerade => Masquerade.At(3);

    /// <summary>The next hop that stands for OVN on the host and for the host in OVN.</summary>
    public IpAddress DummyNextHop => Masquerade.At(4);

    /// <summary>The source of a pod that reaches itself through a service.</summary>
    public IpAddress ServiceHairpin => Masquerade.At(5);

    /// <summary>The gateway router's address on the join network.</summary>
    public Cidr JoinAddress(int nodeId) => Join.InterfaceAt((UInt128)nodeId);

    /// <summary>The zone's address on the transit network.</summary>
    public Cidr TransitAddress(int nodeId) => Transit.InterfaceAt((UInt128)nodeId);
}
