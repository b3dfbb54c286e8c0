using System.Globalization;
using Dpf.Ovn.Addressing;
using Dpf.Ovsdb.Models.Northbound;
using Dpf.Ovsdb.Rows;
using Dpf.Runtime.Addressing;
using static Dpf.Ovn.Zone.Planning.NorthboundPlan;

namespace Dpf.Ovn.Zone.Planning;

/// <summary>
/// The services: for each protocol one load balancer for the pods (on the node's switch) and one for everybody else (on the
/// gateway router), or a single one where both come out the same. Switch and router name groups, so that a service is one entry
/// in one group, whoever balances it.
/// </summary>
internal static class LoadBalancerPlan
{
    /// <summary>The longest affinity, in seconds, that a flow can have.</summary>
    private const int LongestAffinity = ushort.MaxValue;

    private const string Both = "clusterLBGroup";
    private const string OnSwitches = "clusterSwitchLBGroup";
    private const string OnRouters = "clusterRouterLBGroup";

    /// <summary>The groups are known by their names: they have no place for an owner. To be said even where none is wanted.</summary>
    public static void Claim(RowSet rows) => rows.Claim<LoadBalancerGroup>(group => group.Name is Both or OnSwitches or OnRouters);

    public static void Add(RowSet rows, ZoneFacts facts, ZoneNode local, RowHandle nodeSwitch, RowHandle? gateway)
    {
        var both = rows.Add(Both, new LoadBalancerGroup { Name = Both });
        var onSwitches = rows.Add(OnSwitches, new LoadBalancerGroup { Name = OnSwitches });
        var onRouters = rows.Add(OnRouters, new LoadBalancerGroup { Name = OnRouters });
        nodeSwitch.Include("load_balancer_group", both, onSwitches);
        gateway?.Include("load_balancer_group", both, onRouters);
        var context = new Context(rows, facts.Network, local, gateway is not null, both, onSwitches, onRouters);
        foreach (var service in facts.Services)
        {
            foreach (var protocol in service.Ports.GroupBy(p => p.Protocol, StringComparer.Ordinal))
            {
                context.Add(service, protocol.Key, [.. protocol]);
            }
        }
    }

    private sealed record Context(
        RowSet Rows, ClusterNetwork Network, ZoneNode Local, bool HasGateway, RowHandle Both, RowHandle OnSwitches, RowHandle OnRouters)
    {
        public void Add(ZoneService service, string protocol, IReadOnlyList<ZoneServicePort> ports)
        {
            var onSwitch = new Dictionary<string, string>(StringComparer.Ordinal);
            var onRouter = new Dictionary<string, string>(StringComparer.Ordinal);
            var onRouterLocal = new Dictionary<string, string>(StringComparer.Ordinal);
            foreach (var port in ports)
            {
                foreach (var family in Network.Families)
                {
                    Add(family, service, port, onSwitch, onRouter, onRouterLocal);
                }
            }

            if (!HasGateway || Same(onSwitch, onRouter))
            {
                var isNodes = ports.Any(p => p.NodePort > 0) || service.InternalLocal || service.ExternalLocal;
                Add(service, protocol, isNodes ? $"node_router+switch_{Local.Name}" : "cluster", onSwitch, skipSnat: false, Both);
                return;
            }

            Add(service, protocol, $"node_switch_{Local.Name}", onSwitch, skipSnat: false, OnSwitches);
            Add(service, protocol, $"node_router_{Local.Name}", onRouter, skipSnat: false, OnRouters);

            // The client's address is kept for those that asked for it.
            Add(service, protocol, $"node_local_router_{Local.Name}", onRouterLocal, skipSnat: true, OnRouters);
        }

        /// <summary>The addresses of one family, which endpoints of that family answer for.</summary>
        private void Add(
            FamilyNetwork family, ZoneService service, ZoneServicePort port, Dictionary<string, string> onSwitch,
            Dictionary<string, string> onRouter, Dictionary<string, string> onRouterLocal)
        {
            var all = port.Endpoints.Where(e => e.Address.Family == family.Family).ToList();
            var here = port.EndpointsOn(Local.Name).Where(e => e.Address.Family == family.Family).ToList();
            foreach (var vip in service.ClusterIps.Where(a => a.Family == family.Family).Select(a => a.WithPort(port.Port)))
            {
                // Only the node's own host comes to the router with a cluster address.
                var internals = service.InternalLocal ? here : all;
                onSwitch[vip] = Targets(internals);
                onRouter[vip] = RouterTargets(family, internals);
            }

            // Without a cluster address of the family the service is not there for it, whatever addresses the host has.
            var external = service.ExternalIps.Select(a => (Address: a, port.Port));
            if (port.NodePort > 0 && service.ClusterIps.Any(a => a.Family == family.Family))
            {
                external = external.Concat(Local.Addresses.Select(a => (a, port.NodePort)));
                if (service.ExternalLocal)
                {
                    // The host sends its own clients of the node port here, which then meet local endpoints only, as others do.
                    onSwitch[family.HostLocalMasquerade.WithPort(port.NodePort)] = Targets(here);
                }
            }

            foreach (var vip in external.Where(e => e.Address.Family == family.Family).Select(e => e.Address.WithPort(e.Port)))
            {
                onSwitch[vip] = Targets(all);
                (service.ExternalLocal ? onRouterLocal : onRouter)[vip] = RouterTargets(family, service.ExternalLocal ? here : all);
            }
        }

        private void Add(
            ZoneService service, string protocol, string scope, Dictionary<string, string> vips, bool skipSnat, RowHandle group)
        {
            if (vips.Count == 0)
            {
                return;
            }

            var owner = $"{service.Namespace}/{service.Name}";
            var name = $"Service_{owner}_{protocol.ToUpperInvariant()}_{scope}";
            var options = Map(
                ("reject", "true"), ("event", "false"), ("skip_snat", skipSnat ? "true" : "false"), ("neighbor_responder", "none"),
                ("hairpin_snat_ip", string.Join(' ', Network.Families.Select(f => f.ServiceHairpin))));
            if (service.AffinitySeconds is { } seconds)
            {
                options["affinity_timeout"] = Math.Min(seconds, LongestAffinity).ToString(CultureInfo.InvariantCulture);
            }

            var balancer = Rows.Add(name, new LoadBalancer
            {
                Name = name,
                Protocol = protocol,
                Vips = vips,
                SelectionFields = SelectionFields(service, vips),
                Options = options,
                ExternalIds = Map(("k8s.ovn.org/kind", "Service"), ("k8s.ovn.org/owner", owner)),
            });
            group.Include("load_balancer", balancer.Reference);
        }

        /// <summary>
        /// By what a new connection's endpoint is chosen. Where affinity is to last longer than a flow can, the choice itself depends
        /// on nothing but the client; these fields mean IPv4's addresses, so that with IPv6 every client would choose the same. And a
        /// choice by the datapath's own hash costs one more pass through the connection tracker than the way to the host's own
        /// endpoints can afford.
        /// </summary>
        private IReadOnlyList<string> SelectionFields(ZoneService service, Dictionary<string, string> vips) =>
            service.AffinitySeconds > LongestAffinity && !vips.Keys.Any(v => v.StartsWith('[')) ? ["ip_src", "ip_dst"]
            : Network.Families.Any(f => vips.Values.Any(v => LeadsTo(f.HostMasquerade, v))) ? ["ip_src", "ip_dst", "tp_src", "tp_dst"]
            : [];

        private static bool LeadsTo(IpAddress address, string targets) =>
            targets.Contains(address.Family == IpFamily.V4 ? $"{address}:" : $"[{address}]", StringComparison.Ordinal);

        private static string Targets(IEnumerable<ZoneEndpoint> endpoints) =>
            string.Join(',', endpoints.Select(e => e.Address.WithPort(e.Port)).Distinct().Order(StringComparer.Ordinal));

        /// <summary>On the external side the host's address is the gateway's own, so the host goes by its masquerade address.</summary>
        private string RouterTargets(FamilyNetwork family, IEnumerable<ZoneEndpoint> endpoints) => Targets(endpoints.Select(
            e => Local.Addresses.Contains(e.Address) ? e with { Address = family.HostMasquerade } : e));

        private static bool Same(Dictionary<string, string> one, Dictionary<string, string> other) =>
            one.Count == other.Count && one.All(p => other.TryGetValue(p.Key, out var value) && value == p.Value);
    }
}
