using Dpf.Ovn.Addressing;
using Dpf.Ovsdb.Rows;
using Dpf.Runtime.Addressing;
using static Dpf.Ovn.Zone.Planning.NorthboundPlan;

namespace Dpf.Ovn.Zone.Planning;

/// <summary>How pods reach the hosts' own addresses.</summary>
internal static class HostPlan
{
    public static void Add(RowHandle router, ZoneFacts facts, ZoneNode local)
    {
        // Pods reach their own host through its management port: on the external side it shares the gateway's address.
        foreach (var host in local.Addresses)
        {
            Policy(
                router, $"1004 {host}", 1004, Match(local, host, local), Management(host));
        }

        // A host's addresses beside the gateway's are in networks that the gateways need not reach: other zones' pods come through
        // the tunnel.
        foreach (var host in local.OtherAddresses)
        {
            foreach (var hop in Management(host))
            {
                Route(router, host.ToString(), hop);
            }
        }

        var own = local.Addresses.ToHashSet();
        foreach (var remote in facts.Remote.Where(r => r.Gateway is not null))
        {
            foreach (var host in remote.OtherAddresses.Where(own.Add))
            {
                // What the gateway's own network holds it reaches without the other node's DPU: which may be what is installed from here.
                if (local.Gateway?.Addresses.Any(a => a.Contains(host)) == true)
                {
                    continue;
                }

                Policy(
                    router, $"1003 {host}", 1003, Match(local, host, remote),
                    [.. facts.Network.TransitAddresses(remote.Id).Select(a => a.Address).Where(a => a.Family == host.Family)]);
            }
        }

        IReadOnlyList<IpAddress> Management(IpAddress host) => [.. local.Management.Where(m => m.Family == host.Family)];
    }

    private static string Match(ZoneNode local, IpAddress host, ZoneNode owner) =>
        $"inport == \"rtos-{local.Name}\" && {host.Family.Match}.dst == {host} /* {owner.Name} */";
}
