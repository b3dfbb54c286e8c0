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

    /// <summary>Whether a representor is up and has the network's MTU, as the switch sees it.</summary>
    public static bool IsSetUp(Snapshot snapshot, string representor, int mtu) =>
        snapshot.Named<Interface>(representor) is { AdminState: "up" } row && row.Mtu == mtu;

    /// <summary>Sets a representor up, with the network's MTU.</summary>
    /// <exception cref="IOException">It is not there, or the kernel refused.</exception>
    public static Task SetUpRepresentorAsync(this NodeContext node, string representor, CancellationToken cancellation) =>
        node.Kernel.ApplyAsync(cancellation, new SetLink(representor) { Mtu = node.Settings.Network.Mtu, IsUp = true });
}
