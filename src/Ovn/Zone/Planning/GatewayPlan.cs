using Dpf.Ovn.Addressing;
using Dpf.Ovsdb.Models.Northbound;
using Dpf.Ovsdb.Rows;
using static Dpf.Ovn.Zone.Planning.NorthboundPlan;

namespace Dpf.Ovn.Zone.Planning;

/// <summary>The zone's way out: its gateway router between the join switch and the external bridge.</summary>
internal static class GatewayPlan
{
    /// <summary>Adds it; null while the chassis or the gateway's set-up is not known.</summary>
    public static RowHandle? Add(RowSet rows, ClusterNetwork network, RowHandle clusterRouter, RowHandle join, ZoneNode local)
    {
        if (local is not { ChassisId: { } chassis, Gateway: { } config })
        {
            return null;
        }

        var name = "GR_" + local.Name;
        var external = config.Address.Address;
        var joinAddress = network.JoinAddress(local.Id);
        var gateway = rows.Add(name, new LogicalRouter
        {
            Name = name,
            Options = Map(
                ("chassis", chassis), ("always_learn_from_arp_request", "false"), ("dynamic_neigh_routers", "true"),
                ("lb_force_snat_ip", "router_ip"), ("mac_binding_age_threshold", "300"), ("snat-ct-zone", "0")),
            ExternalIds = Map(("physical_ip", external.ToString()), ("physical_ips", external.ToString())),
        });

        // No gateway_mtu: it needs a packet size check that hardware cannot offload.
        Connect(join, "jtor-" + name, gateway, "rtoj-" + name, joinAddress);
        var outPort = "rtoe-" + name;
        var edge = rows.Add("ext_" + local.Name, new LogicalSwitch { Name = "ext_" + local.Name });
        edge.Add("ports", config.InterfaceId, new LogicalSwitchPort
        {
            Name = config.InterfaceId,
            Type = "localnet",
            Addresses = ["unknown"],
            Options = Map(("network_name", "physnet")),
        });
        edge.Add("ports", "etor-" + name, new LogicalSwitchPort
        {
            Name = "etor-" + name,
            Type = "router",
            Addresses = [config.Mac],
            Options = Map(("router-port", outPort), ("nat-addresses", "router"), ("exclude-lb-vips-from-garp", "true")),
        });
        gateway.Add("ports", outPort, new LogicalRouterPort
        {
            Name = outPort,
            Mac = config.Mac,
            Networks = [config.Address.ToString()],
            ExternalIds = Map(("gateway-physical-ip", "yes")),
        });
        rows.Add($"{outPort} {network.DummyNextHop}", new StaticMacBinding
        {
            LogicalPort = outPort,
            Ip = network.DummyNextHop.ToString(),
            Mac = network.DummyNextHop.Mac,
            OverrideDynamicMac = true,
        });

        var clusterJoin = network.Join.At(1);
        foreach (var range in network.Pods)
        {
            Route(gateway, range.Network.ToString(), clusterJoin);
            Snat(gateway, external, range.Network.ToString());
        }

        Snat(gateway, external, joinAddress.Address.ToString());
        Route(
            gateway, network.Masquerade.Network.ToString(), network.DummyNextHop, outputPort: outPort,
            ids: Map(("k8s.ovn.org/node-masquerade-subnet", "")));
        foreach (var hop in config.NextHops)
        {
            Route(gateway, "0.0.0.0/0", hop, outputPort: outPort);
        }

        // What other zones' gateways sent here goes back the same way; the node's pods leave through their own gateway.
        Route(clusterRouter, joinAddress.Address.ToString(), joinAddress.Address);
        Route(clusterRouter, local.Subnet.ToString(), joinAddress.Address, policy: "src-ip");
        return gateway;
    }

    internal static void Snat(RowHandle gateway, Ipv4 external, string logical) => gateway.Add("nat", $"snat {logical}", new Nat
    {
        Type = "snat",
        ExternalIp = external.ToString(),
        LogicalIp = logical,
        Options = Map(("stateless", "false")),
    });
}
