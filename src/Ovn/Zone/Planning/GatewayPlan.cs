using Dpf.Ovn.Addressing;
using Dpf.Ovn.Annotations;
using Dpf.Ovsdb.Models.Northbound;
using Dpf.Ovsdb.Rows;
using Dpf.Runtime.Addressing;
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
        var gateway = rows.Add(name, new LogicalRouter
        {
            Name = name,
            Options = Map(
                ("chassis", chassis), ("always_learn_from_arp_request", "false"), ("dynamic_neigh_routers", "true"),
                ("lb_force_snat_ip", "router_ip"), ("mac_binding_age_threshold", "300"), ("snat-ct-zone", "0")),
            ExternalIds = Map(
                ("physical_ip", config.Address.Address.ToString()),
                ("physical_ips", string.Join(',', config.Addresses.Select(a => a.Address)))),
        });

        // No gateway_mtu: it needs a packet size check that hardware cannot offload.
        Connect(join, "jtor-" + name, gateway, "rtoj-" + name, network.JoinAddresses(local.Id));
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
            Networks = [.. config.Addresses.Select(a => a.ToString())],
            ExternalIds = Map(("gateway-physical-ip", "yes")),
        });
        foreach (var family in network.Families)
        {
            AddFamily(rows, family, clusterRouter, gateway, outPort, local, config);
        }

        return gateway;
    }

    private static void AddFamily(
        RowSet rows, FamilyNetwork network, RowHandle clusterRouter, RowHandle gateway, string outPort, ZoneNode local, GatewayConfig config)
    {
        rows.Add($"{outPort} {network.DummyNextHop}", new StaticMacBinding
        {
            LogicalPort = outPort,
            Ip = network.DummyNextHop.ToString(),
            Mac = network.DummyNextHop.Mac,
            OverrideDynamicMac = true,
        });

        var join = network.JoinAddress(local.Id).Address;
        foreach (var range in network.Pods)
        {
            Route(gateway, range.Network.ToString(), network.Join.At(1));
        }

        // A host without an address of the family has pods that reach each other, and nothing outside.
        if (config.Of(network.Family) is { } external)
        {
            foreach (var range in network.Pods)
            {
                Snat(gateway, external, range.Network.ToString());
            }

            Snat(gateway, external, join.ToString());
        }

        Route(
            gateway, network.Masquerade.Network.ToString(), network.DummyNextHop, outputPort: outPort,
            ids: Map(("k8s.ovn.org/node-masquerade-subnet", "")));
        foreach (var hop in config.NextHops.Where(h => h.Family == network.Family))
        {
            Route(gateway, new Cidr(new IpAddress(network.Family, 0), 0).ToString(), hop, outputPort: outPort);
        }

        // What other zones' gateways sent here goes back the same way; the node's pods leave through their own gateway.
        Route(clusterRouter, join.ToString(), join);
        if (local.Subnet(network.Family) is { } subnet)
        {
            Route(clusterRouter, subnet.ToString(), join, policy: "src-ip");
        }
    }

    internal static void Snat(RowHandle gateway, IpAddress external, string logical) => gateway.Add("nat", $"snat {logical}", new Nat
    {
        Type = "snat",
        ExternalIp = external.ToString(),
        LogicalIp = logical,
        Options = Map(("stateless", "false")),
    });
}
