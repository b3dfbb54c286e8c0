using System.Text.Json.Nodes;
using Dpf.Ovn.Addressing;
using Dpf.Ovn.Annotations;
using Dpf.Ovsdb.Models.OpenVSwitch;
using Dpf.Ovsdb.Rows;

namespace Dpf.Ovn.Node.Dpu;

/// <summary>The DPU's end of the management port: the representor of the host's VF, as the node's own logical port.</summary>
public sealed class DpuManagementPort(NodeContext node, OpenVSwitch ovs)
{
    /// <summary>One pass; does nothing while the host has not said which VF it is, or the VF is not there.</summary>
    public async Task ApplyAsync(CancellationToken cancellation)
    {
        if (NodeAnnotations.Json(node.Annotations, NodeAnnotations.ManagementPort) is not { } function ||
            NodeAnnotations.SubnetsOf(node.Annotations) is not [var subnet, ..] ||
            (int?)function["PfId"] is not { } pf || (int?)function["FuncId"] is not { } vf ||
            node.Pci.Representor(pf, vf) is not { } representor ||
            ovs.Now.Named<Bridge>(OpenVSwitch.IntegrationBridge) is null)
        {
            return;
        }

        // Under its own name: a renamed representor and one that came back after the host's reboot would clash.
        var rows = new RowSet("management-port");
        rows.Existing<Bridge>(OpenVSwitch.IntegrationBridge)
            .Add("ports", representor, new Port { Name = representor })
            .Add("interfaces", representor, RepresentorInterface.Of(ovs.Now, representor, node.Settings.Network.Mtu, new Dictionary<string, string>
            {
                ["iface-id"] = "k8s-" + node.Node,
            }));
        if (!RepresentorInterface.IsSetUp(ovs.Now, representor, node.Settings.Network.Mtu))
        {
            await node.SetUpRepresentorAsync(representor, cancellation);
        }

        await ovs.ApplyAsync(rows, cancellation);

        var macs = new JsonObject { ["default"] = subnet.At(2).Mac };
        await node.AnnotateAsync(
            [new KeyValuePair<string, string?>(NodeAnnotations.ManagementMacs, macs.ToJsonString())], cancellation);
    }
}
