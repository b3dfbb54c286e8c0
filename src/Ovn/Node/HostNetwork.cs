using Dpf.Ovn.Addressing;
using Dpf.Ovn.Annotations;
using Dpf.Ovn.Zone.Planning;
using Dpf.Runtime.Addressing;
using Dpf.Runtime.Machines;
using Dpf.Runtime.Netlink;
using Microsoft.Extensions.Logging;

namespace Dpf.Ovn.Node;

/// <summary>What the host's side of the network follows from.</summary>
/// <param name="GatewayDevice">The device with the address that host and gateway router share.</param>
/// <param name="NodeAddresses">The sources of answers to OVN's masqueraded traffic, one of each family that the host has.</param>
/// <param name="Subnets">The node's pod subnets.</param>
/// <param name="Network">The cluster's networks.</param>
public sealed record HostFacts(
    string GatewayDevice, IReadOnlyList<IpAddress> NodeAddresses, IReadOnlyList<Cidr> Subnets, ClusterNetwork Network)
{
    /// <summary>The node.</summary>
    public string Node { get; init; } = "";

    /// <summary>The gateway, once it is known.</summary>
    public GatewayConfig? Gateway { get; init; }

    /// <summary>All addresses of the host.</summary>
    public IReadOnlyCollection<IpAddress> HostAddresses { get; init; } = [];

    /// <summary>The families in which the node has pods, with their subnets.</summary>
    public IEnumerable<(FamilyNetwork Network, Cidr Subnet)> Families =>
        Subnets.Where(s => Network.Knows(s.Address)).Select(s => (Network.Of(s.Family)!, s));
}

/// <summary>
/// The host's side: the management port's address and routes, the way to services over the gateway, and the rules of packets
/// for both. Each pass compares it with what the kernel has, because a DHCP client, a network manager, a flap of the link or a new
/// device after the DPU's reboot may take away any of it.
/// </summary>
public sealed class HostNetwork(IMachine machine, TimeProvider time, ILogger logger)
{
    // For the rules of packets, which are not compared.
    private static readonly TimeSpan Refresh = TimeSpan.FromSeconds(15);
    private readonly KernelNetwork _kernel = new(machine);
    private string _rules = "";
    private long _appliedAt;

    /// <summary>The management port.</summary>
    public const string ManagementPort = "ovn-k8s-mp0";

    /// <summary>Applies what is missing.</summary>
    public async Task ApplyAsync(HostFacts facts, IReadOnlyList<ZoneService> services, CancellationToken cancellation)
    {
        var state = State();
        var stale = Stale(facts, state);
        if (stale.Count > 0)
        {
            await _kernel.ApplyAsync(cancellation, stale);
            logger.LogInformation("{Machine}: took away {Lines}", machine.HostName, string.Join("; ", stale));

            // An interface that was down has lost more than what was taken from it.
            state = State();
        }

        var missing = Missing(facts, state);
        if (missing.Count > 0)
        {
            if (facts.Network.IsDual)
            {
                // Where IPv6 is off unless somebody wants it, these two are wanted with it.
                await machine.ExecuteAsync(
                    cancellation,
                    "sysctl", "-qw", $"net.ipv6.conf.{ManagementPort}.disable_ipv6=0", $"net.ipv6.conf.{facts.GatewayDevice}.disable_ipv6=0");
            }

            await _kernel.ApplyAsync(cancellation, missing);
            logger.LogInformation("{Machine}: restored {Lines}", machine.HostName, string.Join("; ", missing));
        }

        var rules = HostRules.Of(facts, services);
        if (missing.Count == 0 && rules == _rules && time.GetElapsedTime(_appliedAt) < Refresh)
        {
            return;
        }

        // A host that forwards hears no router's advertisements, unless it is told to before.
        string[] six = facts.Network.IsDual
            ? [$"net.ipv6.conf.{facts.GatewayDevice}.accept_ra=2", "net.ipv6.conf.all.forwarding=1"]
            : [];
        await machine.ExecuteAsync(
            cancellation,
            [
                "sysctl", "-qw", "net.ipv4.ip_forward=1", $"net.ipv4.conf.{ManagementPort}.forwarding=1",
                $"net.ipv4.conf.{ManagementPort}.rp_filter=2", $"net.ipv4.conf.{facts.GatewayDevice}.rp_filter=2", .. six,
            ]);
        _kernel.CompleteChecksums(ManagementPort);
        _kernel.CompleteChecksums(facts.GatewayDevice);
        var command = new MachineCommand("nft", "-f", "-") { Input = rules };
        var result = await machine.RunAsync(command, cancellation);
        if (!result.Succeeded)
        {
            throw new MachineCommandException(machine.HostName, command, result);
        }

        await _kernel.ApplyAsync(cancellation, HostReturns.Routes(facts, services));
        (_rules, _appliedAt) = (rules, time.GetTimestamp());

        NetworkState State() => _kernel.State(facts.Families.Select(f => f.Network.Family));
    }

    /// <summary>The addresses, routes and neighbours.</summary>
    public static IReadOnlyList<NetworkChange> All(HostFacts facts) => [.. Items(facts).Select(i => i.Change)];

    /// <summary>Those that the kernel does not have.</summary>
    public static IReadOnlyList<NetworkChange> Missing(HostFacts facts, NetworkState state) =>
        [.. Items(facts).Where(i => !i.IsThere(state)).Select(i => i.Change)];

    /// <summary>
    /// What the management port has of the node's former subnet, which it keeps while the node is registered anew, and what takes that from
    /// it. Not every driver takes another MAC address while the interface is up.
    /// </summary>
    public static IReadOnlyList<NetworkChange> Stale(HostFacts facts, NetworkState state)
    {
        if (facts.Subnets.Count == 0 || state.Links.FirstOrDefault(l => l.Name == ManagementPort) is not { } port)
        {
            return [];
        }

        var mac = facts.Subnets[0].At(2).Mac;
        var own = facts.Families.Select(f => f.Subnet.InterfaceAt(2)).ToList();
        var pods = facts.Network.Families.SelectMany(f => f.Pods).Select(p => p.Network).ToList();
        return
        [
            .. port.Addresses.Where(a => !own.Contains(a) && pods.Exists(p => p.Contains(a.Address))).Select(a => new DeleteAddress(a, ManagementPort)),
            .. port.Mac == mac ? (NetworkChange[])[] : [new SetLink(ManagementPort) { IsUp = false }, new SetLink(ManagementPort) { Mac = mac }],
        ];
    }

    // The management port first: its routes need it up.
    private static List<Item> Items(HostFacts facts) =>
    [
        new(
            new SetLink(ManagementPort) { Mtu = facts.Network.Mtu, IsUp = true },
            s => s.IsUp(ManagementPort, facts.Network.Mtu)),
        .. facts.Families.SelectMany(f => Items(facts, f.Network, f.Subnet)),
    ];

    private static IEnumerable<Item> Items(HostFacts facts, FamilyNetwork network, Cidr subnet)
    {
        var device = facts.GatewayDevice;
        var router = subnet.At(1);
        var node = facts.NodeAddresses.Where(a => a.Family == network.Family).Select(a => (IpAddress?)a).FirstOrDefault();

        // All of a pod subnet is behind one router, whose MAC address is that of its first address.
        var routerMac = facts.Subnets[0].At(1).Mac;
        return
        [
            Address(subnet.InterfaceAt(2), ManagementPort),
            Permanent(router, routerMac, ManagementPort),
            Way(new Route(network.HostLocalMasquerade.Alone, router, ManagementPort)),
            .. network.Pods.Select(p => Way(new Route(p.Network, router, ManagementPort, null, null))),

            Address(network.Masquerade.InterfaceAt(2), device),
            Permanent(network.OvnMasquerade, network.OvnMasquerade.Mac, device),
            Permanent(network.DummyNextHop, network.DummyNextHop.Mac, device),
            Way(new Route(network.OvnMasquerade.Alone, null, device, node, null)),
            .. network.Services.Select(s => Way(new Route(s.Network, network.DummyNextHop, device, network.HostMasquerade, facts.Network.Mtu))),
        ];
    }

    private static Item Address(Cidr address, string device) =>
        new(new SetAddress(address, device), s => s.Has(device, address));

    private static Item Permanent(IpAddress address, string mac, string device)
    {
        var neighbour = new Neighbour(address, mac, device);
        return new(new SetNeighbour(neighbour), s => s.Neighbours.Contains(neighbour));
    }

    private static Item Way(Route route) => new(new SetRoute(route), s => s.Routes.Any(r => r.To == route.To &&
        r.Via == route.Via && r.Device == route.Device && r.Metric == 0 && r.Mtu == route.Mtu &&
        (route.Source is null || r.Source == route.Source)));

    /// <summary>A part of it.</summary>
    /// <param name="Change">What makes it.</param>
    /// <param name="IsThere">Whether the kernel has it.</param>
    private sealed record Item(NetworkChange Change, Func<NetworkState, bool> IsThere);
}
