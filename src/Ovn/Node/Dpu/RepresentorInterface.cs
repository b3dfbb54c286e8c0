using Dpf.Ovsdb.Models.OpenVSwitch;
using Dpf.Ovsdb.Replica;

namespace Dpf.Ovn.Node.Dpu;

/// <summary>The interface row of a representor.</summary>
internal static class RepresentorInterface
{
    /// <summary>A DPDK port where the switch runs DPDK, the system's device elsewhere.</summary>
    public static Interface Of(Snapshot snapshot, string name, IReadOnlyDictionary<string, string> externalIds)
    {
        var row = new Interface { Name = name, ExternalIds = externalIds };
        var dpdk = snapshot.All<Ovsdb.Models.OpenVSwitch.OpenVSwitch>().FirstOrDefault()?.DpdkInitialized == true;
        if (dpdk && snapshot.Named<Bridge>(Node.OpenVSwitch.IntegrationBridge)?.DatapathType == "netdev")
        {
            row.Type = "dpdk";
        }

        return row;
    }
}
