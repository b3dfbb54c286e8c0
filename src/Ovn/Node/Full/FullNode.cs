using System.Text.Json.Nodes;
using Dpf.Ovn.Addressing;
using Dpf.Ovn.Annotations;
using Dpf.Ovn.CniServer;
using Dpf.Ovn.Node.Gateway;
using Dpf.Ovn.Node.Health;
using Dpf.Ovsdb.Models.OpenVSwitch;
using Dpf.Ovsdb.Rows;
using Dpf.Runtime.Hosting;

namespace Dpf.Ovn.Node.Full;

/// <summary>The node agent of a node without a DPU: zone, gateway, management port and CNI on one machine.</summary>
internal static class FullNode
{
    public static async Task RunAsync(ComponentContext context, OvnSettings settings, CancellationToken cancellation)
    {
        var name = settings.Node ?? context.Machine.HostName;
        await using var ovs = new OpenVSwitch(context.Machine, context.Time, context.Loggers.CreateLogger("ovnkube-node"));
        await using var node = new NodeContext(context, settings, name);
        await node.Cache.WaitForSyncAsync(cancellation);
        await ovs.Client.WaitUntilSyncedAsync(cancellation);
        var gateway = new FullGateway(node, ovs);
        var device = await gateway.WaitForBridgeAsync(cancellation);
        var bridge = new GatewayBridge(node, ovs);
        var host = new HostNetwork(context.Machine, context.Time, node.Logger);
        await using var balancers = new ServiceHealthServer(context, name, node.Logger);
        var pods = new VethAttachment(node, ovs);
        var isReady = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        await Together.RunAsync(
            cancellation,
            stop => OvnChassis.RunZoneAsync(node, stop),
            stop => node.RepeatAsync(
                "chassis", TimeSpan.FromSeconds(2), step => AnnounceAsync(node, ovs, gateway, device.Name, step), stop),
            stop => bridge.FollowAsync(device.Name, stop),
            stop => node.RepeatAsync(
                "gateway", TimeSpan.FromSeconds(1),
                async step =>
                {
                    if (await gateway.FindAsync(device.Name, step) is { } setup && await bridge.ApplyAsync(setup, step) &&
                        await AddManagementPortAsync(node, ovs, step))
                    {
                        var facts = new HostFacts(
                            device.Name, [.. setup.Config.Addresses.Select(a => a.Address)], NodeAnnotations.SubnetsOf(node.Annotations), settings.Network)
                        {
                            Node = node.Node,
                            Gateway = setup.Config,
                            HostAddresses = [.. NodeAnnotations.HostAddresses(node.Annotations).Select(h => h.Address)],
                        };
                        await host.ApplyAsync(facts, node.Services, step);
                        isReady.TrySetResult();
                    }
                },
                stop),
            stop => node.RepeatAsync("sandboxes", TimeSpan.FromSeconds(10), pods.SweepAsync, stop),
            stop => node.RepeatAsync("service health", TimeSpan.FromSeconds(1), _ => balancers.ApplyAsync(node.HealthCheckedServices), stop),
            async stop =>
            {
                await isReady.Task.WaitAsync(stop);
                await CniEndpoint.RunAsync(node, pods, stop);
            });
    }

    private static async Task AnnounceAsync(
        NodeContext node, OpenVSwitch ovs, FullGateway gateway, string device, CancellationToken cancellation)
    {
        var links = node.Kernel.Links();
        if (links.FirstOrDefault(l => l.Name == device) is not { } link || gateway.Address(link) is not { } address)
        {
            return;
        }

        var userspace = ovs.Now.Named<Bridge>(device)?.DatapathType == "netdev";
        await OvnChassis.ConfigureAsync(
            node, ovs, node.Settings.EncapIp ?? address.Address, isEncapTold: false, device, userspace, cancellation);
        await node.AnnotateAsync(
            [
                new KeyValuePair<string, string?>(
                    NodeAnnotations.HostCidrs, NodeAnnotations.List(gateway.Addresses(link)).ToJsonString()),
                new KeyValuePair<string, string?>(
                    NodeAnnotations.Masquerade, NodeAnnotations.Families(node.Settings.Network.Families.Select(f => f.Masquerade)).ToJsonString()),
            ],
            cancellation);
    }

    /// <summary>The management port as a port of br-int that the host's own stack uses.</summary>
    private static async Task<bool> AddManagementPortAsync(NodeContext node, OpenVSwitch ovs, CancellationToken cancellation)
    {
        if (NodeAnnotations.SubnetsOf(node.Annotations) is not [var subnet, ..] || ovs.Now.Named<Bridge>(OpenVSwitch.IntegrationBridge) is null)
        {
            return false;
        }

        var rows = new RowSet("management-port");
        rows.Existing<Bridge>(OpenVSwitch.IntegrationBridge)
            .Add("ports", HostNetwork.ManagementPort, new Port { Name = HostNetwork.ManagementPort })
            .Add("interfaces", HostNetwork.ManagementPort, new Interface
            {
                Name = HostNetwork.ManagementPort,
                Type = "internal",
                Mac = subnet.At(2).Mac,
                MtuRequest = node.Settings.Network.Mtu,
                ExternalIds = new Dictionary<string, string> { ["iface-id"] = "k8s-" + node.Node },
            });
        await ovs.ApplyAsync(rows, cancellation);
        if (!node.Kernel.Has(HostNetwork.ManagementPort))
        {
            return false;
        }

        var macs = new JsonObject { ["default"] = subnet.At(2).Mac };
        await node.AnnotateAsync(
            [new KeyValuePair<string, string?>(NodeAnnotations.ManagementMacs, macs.ToJsonString())], cancellation);
        return true;
    }
}
