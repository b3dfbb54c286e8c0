using Dpf.Ovsdb.Rows;
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
                router, $"1004 {host}", 1004, $"inport == \"rtos-{local.Name}\" && ip4.dst == {host} /* {local.Name} */", local.Management);
        }

        // A host's addresses beside the gateway's are in networks that the gateways need not reach: other zones' pods come through
        // the tunnel.
        foreach (var host in local.HostAddresses.Where(a => a != local.Gateway?.Address.Address))
        {
            Route(router, host.ToString(), local.Management);
        }

        var own = local.Addresses.ToHashSet();
        foreach (var remote in facts.Remote.Where(r => r.Gateway is not null))
        {
            foreach (var host in remote.HostAddresses.Where(a => a != remote.Gateway!.Address.Address && own.Add(a)))
            {
                // What the gateway's own network holds it reaches without the other node's DPU: which may be what is installed from here.
                if (local.Gateway?.Address.Contains(host) == true)
                {
                    continue;
                }

                Policy(
                    router, $"1003 {host}", 1003, $"inport == \"rtos-{local.Name}\" && ip4.dst == {host} /* {remote.Name} */",
                    facts.Network.TransitAddress(remote.Id).Address);
            }
        }
    }
}
