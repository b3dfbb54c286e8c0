using System.Globalization;
using Dpf.Ovn.Addressing;
using Dpf.Ovn.Zone.Planning;
using Dpf.Runtime.Machines;

namespace Dpf.Ovn.Node;

/// <summary>What the host's side of the network follows from.</summary>
/// <param name="GatewayDevice">The device with the address that host and gateway router share.</param>
/// <param name="NodeAddress">The source of answers to OVN's masqueraded traffic.</param>
/// <param name="Subnet">The node's pod subnet.</param>
/// <param name="Network">The cluster's networks.</param>
public sealed record HostFacts(string GatewayDevice, Ipv4 NodeAddress, Cidr Subnet, ClusterNetwork Network);

/// <summary>
/// The host's side: the management port's address and routes, the way to services over the gateway, and the address translation
/// for both. Applied as a whole, again and again, because a DHCP client or a network manager may drop any of it.
/// </summary>
public sealed class HostNetwork(IMachine machine, Links links, TimeProvider time)
{
    private static readonly TimeSpan Refresh = TimeSpan.FromSeconds(15);
    private string _applied = "";
    private long _appliedAt;

    /// <summary>The management port.</summary>
    public const string ManagementPort = "ovn-k8s-mp0";

    /// <summary>Applies it when it is another than before, and every few seconds anyway.</summary>
    public async Task ApplyAsync(HostFacts facts, IReadOnlyList<ZoneService> services, CancellationToken cancellation)
    {
        var rules = Rules(facts, services);
        var wanted = string.Join('\n', Batch(facts)) + rules;
        if (wanted == _applied && time.GetElapsedTime(_appliedAt) < Refresh)
        {
            return;
        }

        await links.BatchAsync(Batch(facts), cancellation);
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

        (_applied, _appliedAt) = (wanted, time.GetTimestamp());
    }

    /// <summary>The addresses, routes and neighbours, as lines of an <c>ip</c> batch.</summary>
    public static IReadOnlyList<string> Batch(HostFacts facts)
    {
        var (device, node, subnet, network) = facts;
        var router = subnet.At(1);
        List<string> lines =
        [
            // The management port first: its routes need it up.
            $"link set {ManagementPort} up mtu {network.Mtu}",
            $"addr replace {subnet.InterfaceAt(2)} dev {ManagementPort}",
            $"neigh replace {router} lladdr {router.Mac} dev {ManagementPort} nud permanent",
            $"route replace {network.HostLocalMasquerade}/32 via {router} dev {ManagementPort}",
            .. network.Pods.Select(p => $"route replace {p.Network} via {router} dev {ManagementPort}"),

            $"addr replace {new Cidr(network.HostMasquerade, network.Masquerade.Length)} dev {device}",
            $"neigh replace {network.OvnMasquerade} lladdr {network.OvnMasquerade.Mac} dev {device} nud permanent",
            $"neigh replace {network.DummyNextHop} lladdr {network.DummyNextHop.Mac} dev {device} nud permanent",
            $"route replace {network.OvnMasquerade}/32 dev {device} src {node}",
            .. network.Services.Select(s =>
                $"route replace {s} via {network.DummyNextHop} dev {device} src {network.HostMasquerade} mtu {network.Mtu}"),
        ];
        return lines;
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
}
