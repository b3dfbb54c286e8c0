using System.Globalization;
using Dpf.Ovn.Addressing;
using Dpf.Ovsdb.Rows;
using Dpf.Runtime.Addressing;
using static Dpf.Ovn.Zone.Planning.NorthboundPlan;

namespace Dpf.Ovn.Zone.Planning;

/// <summary>
/// Egress addresses: the pods of a zone go to the gateways of the nodes that hold them, and a gateway that holds one gives it to all
/// pods that should have it, those that come from other zones among them.
/// </summary>
internal static class EgressIpPlan
{
    private const int Reroute = 100;
    private const int StaysInside = 102;

    public static void Add(ZoneFacts facts, ZoneNode local, RowHandle router, RowHandle? gateway)
    {
        var nodes = facts.Nodes.ToDictionary(n => n.Name, StringComparer.Ordinal);
        var isUsed = false;
        foreach (var egress in facts.EgressIps)
        {
            var holders = egress.Assignments.Where(a => nodes.ContainsKey(a.Node)).ToList();
            foreach (var (pod, home) in egress.Pods)
            {
                // A pod leaves under an address of its own family, or not through this object.
                if (facts.Network.Of(pod.Family) is not { } family || holders.Where(h => h.Address.Family == pod.Family).ToList() is not { Count: > 0 } able)
                {
                    continue;
                }

                var mine = gateway is null ? [] : able.Where(h => h.Node == local.Name).ToList();
                foreach (var (address, _) in mine.Take(1))
                {
                    GatewayPlan.Snat(gateway!, address, pod.ToString());
                }

                // From another zone only what that zone sent here on purpose comes this way; it leaves by this node's own gateway.
                List<IpAddress> hops = home == local.Name
                    ? [.. able.Select(h => Hop(family, nodes[h.Node], local)).Distinct()]
                    : mine.Count > 0 ? [family.JoinAddress(local.Id).Address] : [];
                if (hops.Count > 0)
                {
                    isUsed = true;
                    Policy(
                        router, string.Create(CultureInfo.InvariantCulture, $"{Reroute} {pod}"), Reroute, $"{pod.Family.Match}.src == {pod}", hops);
                }
            }
        }

        if (isUsed)
        {
            KeepInside(facts, router);

            // A policy is asked only where there is a route, and pods of other zones have none to the outside here.
            foreach (var family in facts.Network.Families.Where(_ => gateway is not null))
            {
                foreach (var range in family.Pods)
                {
                    Route(router, range.Network.ToString(), family.JoinAddress(local.Id).Address, policy: "src-ip");
                }
            }
        }
    }

    private static IpAddress Hop(FamilyNetwork network, ZoneNode holder, ZoneNode local) =>
        holder.Name == local.Name ? network.JoinAddress(local.Id).Address : network.TransitAddress(holder.Id).Address;

    /// <summary>What pods send to each other, to the nodes and back to other zones' gateways keeps its source.</summary>
    private static void KeepInside(ZoneFacts facts, RowHandle router)
    {
        foreach (var (family, from) in facts.Network.Families.SelectMany(f => f.Pods.Select(p => (f, p.Network))))
        {
            var ip = family.Family.Match;
            foreach (var to in family.Pods.Select(p => p.Network).Append(family.Join))
            {
                Policy(router, $"{StaysInside} {from} {to}", StaysInside, $"{ip}.src == {from} && {ip}.dst == {to}");
            }

            foreach (var node in facts.Nodes)
            {
                foreach (var host in node.Addresses.Where(a => a.Family == family.Family))
                {
                    Policy(router, $"{StaysInside} {from} {node.Name} {host}", StaysInside, $"{ip}.src == {from} && {ip}.dst == {host}");
                }
            }
        }
    }
}
