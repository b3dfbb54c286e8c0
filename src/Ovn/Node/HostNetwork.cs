using System.Globalization;
using Dpf.Ovn.Addressing;
using Dpf.Ovn.Zone.Planning;
using Dpf.Runtime.Machines;
using Microsoft.Extensions.Logging;

namespace Dpf.Ovn.Node;

/// <summary>What the host's side of the network follows from.</summary>
/// <param name="GatewayDevice">The device with the address that host and gateway router share.</param>
/// <param name="NodeAddress">The source of answers to OVN's masqueraded traffic.</param>
/// <param name="Subnet">The node's pod subnet.</param>
/// <param name="Network">The cluster's networks.</param>
public sealed record HostFacts(string GatewayDevice, Ipv4 NodeAddress, Cidr Subnet, ClusterNetwork Network);

/// <summary>
/// The host's side: the management port's address and routes, the way to services over the gateway, and the address translation
/// for both. Each pass compares it with what the kernel has, because a DHCP client, a network manager, a flap of the link or a new
/// device after the DPU's reboot may take away any of it.
/// </summary>
public sealed class HostNetwork(IMachine machine, Links links, TimeProvider time, ILogger logger)
{
    // For the address translation, which is not compared.
    private static readonly TimeSpan Refresh = TimeSpan.FromSeconds(15);
    private string _rules = "";
    private long _appliedAt;

    /// <summary>The management port.</summary>
    public const string ManagementPort = "ovn-k8s-mp0";

    /// <summary>Applies what is missing.</summary>
    public async Task ApplyAsync(HostFacts facts, IReadOnlyList<ZoneService> services, CancellationToken cancellation)
    {
        var missing = Missing(facts, await links.StateAsync(cancellation));
        if (missing.Count > 0)
        {
            await links.BatchAsync(missing, cancellation);
            logger.LogInformation("{Machine}: restored {Lines}", machine.HostName, string.Join("; ", missing));
        }

        var rules = Rules(facts, services);
        if (missing.Count == 0 && rules == _rules && time.GetElapsedTime(_appliedAt) < Refresh)
        {
            return;
        }

        await machine.ExecuteAsync(
            cancellation,
            "sysctl", "-qw", "net.ipv4.ip_forward=1", $"net.ipv4.conf.{ManagementPort}.forwarding=1",
            $"net.ipv4.conf.{ManagementPort}.rp_filter=2", $"net.ipv4.conf.{facts.GatewayDevice}.rp_filter=2");
        await links.CompleteChecksumsAsync(ManagementPort, cancellation);
        await links.CompleteChecksumsAsync(facts.GatewayDevice, cancellation);
        var command = new MachineCommand("nft", "-f", "-") { Input = rules };
        var result = await machine.RunAsync(command, cancellation);
        if (!result.Succeeded)
        {
            throw new MachineCommandException(machine.HostName, command, result);
        }

        (_rules, _appliedAt) = (rules, time.GetTimestamp());
    }

    /// <summary>The addresses, routes and neighbours, as lines of an <c>ip</c> batch.</summary>
    public static IReadOnlyList<string> Batch(HostFacts facts) => [.. Items(facts).Select(i => i.Line)];

    /// <summary>Those lines whose effect the kernel does not have.</summary>
    public static IReadOnlyList<string> Missing(HostFacts facts, KernelState state) =>
        [.. Items(facts).Where(i => !i.IsThere(state)).Select(i => i.Line)];

    private static List<Item> Items(HostFacts facts)
    {
        var (device, node, subnet, network) = facts;
        var router = subnet.At(1);
        var masquerade = new Cidr(network.HostMasquerade, network.Masquerade.Length);
        return
        [
            // The management port first: its routes need it up.
            new($"link set {ManagementPort} up mtu {network.Mtu}", s => s.IsUp(ManagementPort, network.Mtu)),
            Address(subnet.InterfaceAt(2), ManagementPort),
            Permanent(router, ManagementPort),
            Way(new Route(new Cidr(network.HostLocalMasquerade, 32), router, ManagementPort, null, null)),
            .. network.Pods.Select(p => Way(new Route(p.Network, router, ManagementPort, null, null))),

            Address(masquerade, device),
            Permanent(network.OvnMasquerade, device),
            Permanent(network.DummyNextHop, device),
            Way(new Route(new Cidr(network.OvnMasquerade, 32), null, device, node, null)),
            .. network.Services.Select(s => Way(new Route(s.Network, network.DummyNextHop, device, network.HostMasquerade, network.Mtu))),
        ];
    }

    private static Item Address(Cidr address, string device) =>
        new($"addr replace {address} dev {device}", s => s.Has(device, address));

    private static Item Permanent(Ipv4 address, string device) => new(
        $"neigh replace {address} lladdr {address.Mac} dev {device} nud permanent",
        s => s.Neighbours.Contains(new Neighbour(address, address.Mac, device)));

    private static Item Way(Route route)
    {
        var via = route.Via is { } hop ? $" via {hop}" : "";
        var source = route.Source is { } address ? $" src {address}" : "";
        var mtu = route.Mtu is { } size ? string.Create(CultureInfo.InvariantCulture, $" mtu {size}") : "";
        return new($"route replace {route.To}{via} dev {route.Device}{source}{mtu}", s => s.Routes.Any(r => r.To == route.To &&
            r.Via == route.Via && r.Device == route.Device && r.Metric == 0 && r.Mtu == route.Mtu &&
            (route.Source is null || r.Source == route.Source)));
    }

    /// <summary>The address translation, as one nftables transaction.</summary>
    public static string Rules(HostFacts facts, IReadOnlyList<ZoneService> services)
    {
        var nodePorts = new List<string>();
        foreach (var service in services)
        {
            foreach (var port in service.Ports)
            {
                var target = string.Create(CultureInfo.InvariantCulture, $"{service.ClusterIps[0]}:{port.Port}");
                if (port.NodePort > 0)
                {
                    nodePorts.Add(string.Create(
                        CultureInfo.InvariantCulture,
                        $"ip daddr != 127.0.0.0/8 fib daddr type local {port.Protocol} dport {port.NodePort} dnat ip to {target}"));
                }

                nodePorts.AddRange(service.ExternalIps.Select(ip => string.Create(
                    CultureInfo.InvariantCulture, $"ip daddr {ip} {port.Protocol} dport {port.Port} dnat ip to {target}")));
            }
        }

        var rules = string.Join("\n    ", nodePorts);
        var management = facts.Subnet.At(2);
        var masquerade = string.Join("\n    ", facts.Network.Services.Select(s =>
            $"oifname \"{facts.GatewayDevice}\" ip daddr {s} ip saddr != {facts.Network.HostMasquerade} snat ip to {facts.Network.HostMasquerade}"));
        return $$"""
            table inet ovn-kubernetes {}
            delete table inet ovn-kubernetes
            table inet ovn-kubernetes {
              chain services {
                {{rules}}
              }
              chain prerouting {
                type nat hook prerouting priority dstnat;
                jump services
              }
              chain output {
                type nat hook output priority -100;
                jump services
              }
              chain to-services {
                type nat hook postrouting priority srcnat;
                {{masquerade}}
              }
              chain mgmtport-snat {
                type nat hook postrouting priority srcnat;
                oifname "{{ManagementPort}}" ip saddr != {{management}} snat ip to {{management}}
              }
            }

            """;
    }

    /// <summary>A part of it.</summary>
    /// <param name="Line">What makes it.</param>
    /// <param name="IsThere">Whether the kernel has it.</param>
    private sealed record Item(string Line, Func<KernelState, bool> IsThere);
}
