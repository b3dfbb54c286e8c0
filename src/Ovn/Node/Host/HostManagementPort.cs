using System.Text.Json.Nodes;
using Dpf.Ovn.Addressing;
using Dpf.Ovn.Annotations;
using Dpf.Runtime.Addressing;
using Dpf.Runtime.Netlink;
using Microsoft.Extensions.Logging;

namespace Dpf.Ovn.Node.Host;

/// <summary>The host's end of the management port: the VF that is set aside for it.</summary>
internal static class HostManagementPort
{
    /// <summary>Makes the VF the management port, if it is not yet, and tells the DPU which one it is.</summary>
    /// <exception cref="InvalidOperationException">There is none yet.</exception>
    public static async Task TakeAsync(NodeContext node, IReadOnlyList<Link> links, Cidr subnet, CancellationToken cancellation)
    {
        var netdev = node.Settings.ManagementNetdev ?? throw new InvalidOperationException(
            "OVNKUBE_NODE_MGMT_PORT_NETDEV is missing; name the VF for the management port in nodeMgmtPortNetdev");
        if (links.Any(l => l.Name == netdev) && node.Pci.OfNetdev(netdev) is { } function)
        {
            await TellAsync(node, function, cancellation);
            await node.Kernel.ApplyAsync(
                cancellation,
                new SetLink(netdev) { IsUp = false },
                new SetLink(netdev) { Mac = subnet.At(2).Mac, NewName = HostNetwork.ManagementPort });
            node.Logger.LogInformation("node {Node}: {Vf} is the management port", node.Node, netdev);
            return;
        }

        if (!links.Any(l => l.Name == HostNetwork.ManagementPort))
        {
            throw new InvalidOperationException($"waiting for the VF {netdev} (it appears when the DPU is provisioned)");
        }

        // A node that was deleted and registered again has lost its annotations, while its host kept the port.
        if (node.Pci.OfNetdev(HostNetwork.ManagementPort) is { } own)
        {
            await TellAsync(node, own, cancellation);
        }
    }

    private static Task TellAsync(NodeContext node, VirtualFunction function, CancellationToken cancellation)
    {
        var value = new JsonObject { ["PfId"] = function.PfId, ["FuncId"] = function.VfId };
        return node.AnnotateAsync([KeyValuePair.Create(NodeAnnotations.ManagementPort, (string?)value.ToJsonString())], cancellation);
    }
}
