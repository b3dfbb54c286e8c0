namespace Dpf.Ovn.Addressing;

/// <summary>A range that node subnets are cut from.</summary>
/// <param name="Network">The range.</param>
/// <param name="HostLength">The prefix length of each node's subnet.</param>
public sealed record SubnetRange(Cidr Network, int HostLength)
{
    /// <summary>Reads <c>CIDR/plen/hostlen[,…]</c>; a missing hostlen is 24.</summary>
    /// <exception cref="FormatException">The text or the lengths make no sense.</exception>
    public static IReadOnlyList<SubnetRange> ParseList(string text)
    {
        var ranges = text.Split(',', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries).Select(Parse).ToList();
        return ranges.Count > 0 ? ranges : throw new FormatException("the pod network is empty; expected CIDR/length[/host length]");
    }

    private static SubnetRange Parse(string text)
    {
        var parts = text.Split('/');
        var hostLength = 24;
        if (parts.Length is not (2 or 3) || !Cidr.TryParse($"{parts[0]}/{parts[1]}", out var network) ||
            (parts.Length == 3 && !int.TryParse(parts[2], out hostLength)))
        {
            throw new FormatException($"pod network '{text}': expected CIDR/length[/host length], e.g. 10.233.64.0/18/24");
        }

        return hostLength > network.Length && hostLength <= 32
            ? new SubnetRange(network.Network, hostLength)
            : throw new FormatException(
                $"pod network '{text}': the host length {hostLength} must be longer than {network.Length} and at most 32");
    }
}

/// <summary>The networks of a cluster, the same in all its zones.</summary>
public sealed record ClusterNetwork
{
    /// <summary>Where pods get their addresses.</summary>
    public required IReadOnlyList<SubnetRange> Pods { get; init; }

    /// <summary>Where services get theirs.</summary>
    public required IReadOnlyList<Cidr> Services { get; init; }

    /// <summary>Between the cluster router and the gateway routers.</summary>
    public Cidr Join { get; init; } = Cidr.Parse("100.64.0.0/16");

    /// <summary>Between the zones.</summary>
    public Cidr Transit { get; init; } = Cidr.Parse("100.88.0.0/16");

    /// <summary>Link-local addresses between a host and OVN.</summary>
    public Cidr Masquerade { get; init; } = Cidr.Parse("169.254.0.0/17");

    /// <summary>The pods' MTU.</summary>
    public int Mtu { get; init; } = 1400;

    /// <summary>OVN's own masquerade address.</summary>
    public Ipv4 OvnMasquerade => Masquerade.At(1);

    /// <summary>The host's masquerade address.</summary>
    public Ipv4 HostMasquerade => Masquerade.At(2);

    /// <summary>The host's masquerade address for services with a local external policy.</summary>
    public Ipv4 HostLocalMasquerade => Masquerade.At(3);

    /// <summary>The next hop that stands for OVN on the host and for the host in OVN.</summary>
    public Ipv4 DummyNextHop => Masquerade.At(4);

    /// <summary>The source of a pod that reaches itself through a service.</summary>
    public Ipv4 ServiceHairpin => Masquerade.At(5);

    /// <summary>The gateway router's address on the join network.</summary>
    public Cidr JoinAddress(int nodeId) => Join.InterfaceAt((uint)nodeId);

    /// <summary>The zone's address on the transit network.</summary>
    public Cidr TransitAddress(int nodeId) => Transit.InterfaceAt((uint)nodeId);
}
