using Dpf.Ovn.Node.Gateway;
using Dpf.Ovn.Node.Health;
using Dpf.Runtime.Hosting;
using Microsoft.Extensions.Logging;

namespace Dpf.Ovn.Node.Dpu;

/// <summary>The node agent on a DPU: the host's zone, its gateway, its management port and the ports of its pods.</summary>
internal static class DpuNode
{
    public static async Task RunAsync(ComponentContext context, OvnSettings settings, CancellationToken cancellation)
    {
        var logger = context.Loggers.CreateLogger("ovnkube-node");
        await using var ovs = new OpenVSwitch(context.Machine, context.Time, logger);

        // Both are the provisioner's to write; it may still wait for its DHCP server.
        var name = await ovs.WaitForExternalIdAsync("host-k8s-nodename", cancellation);
        var encap = settings.EncapIp ?? await TunnelEndpoint.WaitAsync(ovs, cancellation);
        logger.LogInformation("this DPU serves node {Node}, tunnel endpoint {Encap}", name, encap);

        await using var node = new NodeContext(context, settings, name);
        await node.Cache.WaitForSyncAsync(cancellation);
        var gateway = new DpuGateway(node, ovs, encap);
        var bridge = new GatewayBridge(node, ovs);
        var management = new DpuManagementPort(node, ovs);
        await Together.RunAsync(
            cancellation,
            stop => OvnChassis.RunZoneAsync(node, stop),
            stop => new PodWiring(node, ovs).RunAsync(stop),
            new LeaseRenewal(node, node.Lease, ovs).RunAsync,
            stop => node.RepeatAsync(
                "chassis", TimeSpan.FromSeconds(10),
                step => OvnChassis.ConfigureAsync(
                    node, ovs, encap, isEncapTold: settings.EncapIp is null, gateway.Bridge, userspace: false, step),
                stop),
            stop => settings.EncapIp is null ? TunnelEndpoint.StaysAsync(ovs, encap, stop) : Task.Delay(Timeout.InfiniteTimeSpan, node.Time, stop),
            stop => node.RepeatAsync("management port", TimeSpan.FromSeconds(1), management.ApplyAsync, stop),
            stop => bridge.FollowAsync(gateway.Bridge, stop),
            stop => node.RepeatAsync(
                "gateway", TimeSpan.FromSeconds(1),
                async step =>
                {
                    if (await gateway.FindAsync(step) is { } setup)
                    {
                        await bridge.ApplyAsync(setup, step);
                    }
                },
                stop));
    }
}
