using Dpf.Ovn.Annotations;
using Dpf.Ovn.CniServer;
using Dpf.Ovn.Node.Health;
using Dpf.Runtime.Addressing;
using Dpf.Runtime.Hosting;

namespace Dpf.Ovn.Node.Host;

/// <summary>
/// The node agent on a host whose DPU does the networking: tells the DPU about the host's functions and addresses, keeps the
/// host's own routes, and moves VFs into pods.
/// </summary>
internal static class DpuHostNode
{
    public static async Task RunAsync(ComponentContext context, OvnSettings settings, CancellationToken cancellation)
    {
        var name = settings.Node ?? context.Machine.HostName;
        await using var node = new NodeContext(context, settings, name);
        await node.Cache.WaitForSyncAsync(cancellation);
        var host = new HostNetwork(context.Machine, context.Time, node.Logger);
        await using var balancers = new ServiceHealthServer(context, name, node.Logger);
        var health = new DpuHealth(node, node.Lease);
        using var sandboxes = new VfSandboxes(context.Machine, node.Pci, settings.Network.Mtu, node.Logger);
        var (network, devices) = (new Signal(), new Signal());
        var isReady = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        await Together.RunAsync(
            cancellation,
            stop => node.Kernel.FollowAsync(
                () =>
                {
                    network.Raise();
                    devices.Raise();
                },
                context.Time, stop),
            health.RunAsync,
            stop => node.RepeatAsync("sandboxes", TimeSpan.FromSeconds(5), sandboxes.RestoreAsync, stop, devices),
            stop => node.RepeatAsync(
                "host network", TimeSpan.FromSeconds(2),
                async step =>
                {
                    await ApplyAsync(node, host, step);
                    isReady.TrySetResult();
                },
                stop, network),
            stop => node.RepeatAsync("service health", TimeSpan.FromSeconds(1), _ => balancers.ApplyAsync(node.HealthCheckedServices), stop),
            async stop =>
            {
                await isReady.Task.WaitAsync(stop);
                await CniEndpoint.RunAsync(node, new VfAttachment(node, sandboxes, health), stop);
            });
    }

    /// <summary>One pass, after which the host's side is complete.</summary>
    private static async Task ApplyAsync(NodeContext node, HostNetwork host, CancellationToken cancellation)
    {
        var links = node.Kernel.Links();
        var network = node.Settings.Network;
        var gateway = node.Settings.Gateway.GetValueOrDefault("gateway-interface") ?? throw new InvalidOperationException(
            "the option --gateway-interface is missing; name the DPU's PF on the host in gatewayOpts");
        var device = links.FirstOrDefault(l => l.Name == gateway);
        var addresses = network.HostAddresses(device?.Addresses ?? []).DistinctBy(a => a.Family).OrderBy(a => a.Family).ToList();
        if (device is null || addresses is not [{ Family: IpFamily.V4 }, ..])
        {
            throw new InvalidOperationException($"waiting for an address of {gateway} (its DHCP server is reached through the DPU)");
        }

        var others = links.SelectMany(l => l.Addresses).Where(a => network.Knows(a.Address) && node.InternalAddresses.Contains(a.Address));
        var cidrs = others.Concat(addresses).Distinct().OrderBy(c => c.Address);
        var hops = addresses.Exists(a => a.Family == IpFamily.V6) && node.Kernel.State(IpFamily.V6).DefaultGateway(IpFamily.V6, gateway) is { } hop
            ? NodeAnnotations.List([hop]).ToJsonString()
            : null;
        var primary = NodeAnnotations.Families(addresses).ToJsonString();
        await node.AnnotateAsync(
            [
                Entry(NodeAnnotations.HostPfAddress, primary),
                Entry(NodeAnnotations.HostPfAddressNew, primary),
                Entry(NodeAnnotations.HostPfMac, device.Mac),
                Entry(NodeAnnotations.HostPfNextHops, hops),
                Entry(NodeAnnotations.HostCidrs, NodeAnnotations.List(cidrs).ToJsonString()),
                Entry(NodeAnnotations.Masquerade, NodeAnnotations.Families(network.Families.Select(f => f.Masquerade)).ToJsonString()),
                Entry(NodeAnnotations.Zone, node.Node),
            ],
            cancellation);
        if (NodeAnnotations.SubnetsOf(node.Annotations) is not { Count: > 0 } subnets)
        {
            throw new InvalidOperationException("waiting for the node's subnet (the cluster manager gives it)");
        }

        await HostManagementPort.TakeAsync(node, links, subnets[0], cancellation);
        var sources = node.InternalAddresses.Concat(addresses.Select(a => a.Address)).DistinctBy(a => a.Family);
        var facts = new HostFacts(gateway, [.. sources], subnets, network)
        {
            Node = node.Node,
            Gateway = GatewayConfig.Read(node.Annotations),
            HostAddresses = [.. cidrs.Select(c => c.Address)],
        };
        await host.ApplyAsync(facts, node.Services, cancellation);
    }

    private static KeyValuePair<string, string?> Entry(string key, string? value) => new(key, value);
}
