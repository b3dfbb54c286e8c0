using Dpf.Ovsdb.Models.OpenVSwitch;
using Dpf.Ovsdb.Replica;
using Dpf.Runtime.Netlink;

namespace Dpf.Ovn.Node.Dpu;

/// <summary>Representors: their interface rows, and their devices.</summary>
internal static class RepresentorInterface
{
    /// <summary>A DPDK port, whose MTU the switch sets, where the switch runs DPDK; the system's device elsewhere.</summary>
    public static Interface Of(Snapshot snapshot, string name, int mtu, IReadOnlyDictionary<string, string> externalIds)
    {
        var row = new Interface { Name = name, ExternalIds = externalIds };
        var dpdk = snapshot.All<Ovsdb.Models.OpenVSwitch.OpenVSwitch>().FirstOrDefault()?.DpdkInitialized == true;
        if (dpdk && snapshot.Named<Bridge>(Node.OpenVSwitch.IntegrationBridge)?.DatapathType == "netdev")
        {
            row.Type = "dpdk";
            row.MtuRequest = mtu;
        }

        return row;
    }

    /// <summary>Sets those up that are not, or have another MTU than the network.</summary>
    public static async Task SetUpRepresentorsAsync(
        this NodeContext node, Snapshot snapshot, IEnumerable<string> representors, CancellationToken cancellation)
    {
        var mtu = node.Settings.Network.Mtu;
        var changes = representors
            .Where(r => snapshot.Named<Interface>(r) is not { AdminState: "up" } row || row.Mtu != mtu)
            .Select(r => new SetLink(r) { Mtu = mtu, IsUp = true }).ToList();
        if (changes.Count > 0)
        {
            await node.Kernel.ApplyAsync(cancellation, changes);
        }
    }
}
