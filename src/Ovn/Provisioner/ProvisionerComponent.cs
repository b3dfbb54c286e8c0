using Dpf.Ovn.Node;
using Dpf.Runtime.Addressing;
using Dpf.Runtime.Clusters;
using Dpf.Runtime.Hosting;
using Dpf.Runtime.Netlink;
using k8s.Models;
using Microsoft.Extensions.Logging;

namespace Dpf.Ovn.Provisioner;

/// <summary>
/// <c>ovn-cni-provisioner</c>: prepares a DPU for its node agent. Learns the host's name from the DPU cluster, leases the tunnel
/// endpoint's address from the high-speed network's DHCP server, and finds the way out in the lease.
/// </summary>
public sealed class ProvisionerComponent : IComponent
{
    private const string Bridge = "br-ovn";
    private const string HostLabel = "provisioning.dpu.nvidia.com/host";
    private const string InitOutput = "/etc/init-output/";
    private static readonly TimeSpan Interval = TimeSpan.FromSeconds(5);
    private static readonly TimeSpan Retry = TimeSpan.FromSeconds(1);

    /// <inheritdoc />
    public async Task RunAsync(ComponentContext context, CancellationToken cancellation)
    {
        var logger = context.Loggers.CreateLogger("provisioner");
        if (context.Arguments.Contains("internal-ipam"))
        {
            throw new InvalidOperationException(
                "internal-ipam is not supported; set dpuManifests.externalDHCP=true and serve the high-speed network by DHCP");
        }

        var nodeName = context.Required("node-name", "NODE_NAME");
        var hostNetwork = context.Variable("HOST_CIDR") is { Length: > 0 } text ? Cidr.Parse(text).Network : (Cidr?)null;
        var discovery = Cidr.Parse(context.Variable("GATEWAY_DISCOVERY_NETWORK") is { Length: > 0 } given ? given : "169.254.99.100/32");
        await using var ovs = new OpenVSwitch(context.Machine, context.Time, logger);
        using var client = context.InCluster();
        var host = await HostAsync(client, nodeName, context.Time, logger, cancellation);
        var changed = new Signal();
        var kernel = new KernelNetwork(context.Machine);
        await Together.RunAsync(
            cancellation,
            stop => kernel.FollowAsync(changed.Raise, context.Time, stop),
            stop => KeepAsync(context, kernel, ovs, host, hostNetwork, discovery, changed, logger, stop));
    }

    private static async Task KeepAsync(
        ComponentContext context, KernelNetwork kernel, OpenVSwitch ovs, string host, Cidr? hostNetwork, Cidr discovery, Signal changed, ILogger logger,
        CancellationToken cancellation)
    {
        DhcpLease? lease = null;
        Cidr? former = null;
        var renewAt = context.Time.GetUtcNow();
        while (true)
        {
            var delay = Retry;
            try
            {
                if (lease is null || context.Time.GetUtcNow() >= renewAt)
                {
                    if (await LeaseAsync(context, kernel, cancellation) is { } fresh)
                    {
                        if (fresh.Address != lease?.Address)
                        {
                            logger.LogInformation("{Bridge}: {Address} from {Server}", Bridge, fresh.Address, fresh.Server);
                        }

                        former = lease?.Address ?? former;
                        (lease, renewAt) = (fresh, context.Time.GetUtcNow() + (fresh.Duration / 2));
                    }
                    else
                    {
                        logger.LogInformation("{Bridge}: no DHCP server {Answered}", Bridge, lease is null ? "answered yet" : "renews the lease");
                    }
                }

                if (lease is not null)
                {
                    var plan = EndpointPlan.Of(Bridge, lease, hostNetwork, discovery);
                    await ApplyAsync(context, kernel, ovs, plan, former, host, logger, cancellation);
                    delay = Interval;
                }
            }
            catch (Exception e) when (e is InvalidOperationException or IOException or
                System.Net.Sockets.SocketException)
            {
                logger.LogWarning("{Message}; trying again", e.Message);
            }

            await changed.WaitAsync(delay, context.Time, cancellation);
        }
    }

    private static async Task<string> HostAsync(
        KubeClient client, string nodeName, TimeProvider time, ILogger logger, CancellationToken cancellation)
    {
        while (true)
        {
            try
            {
                if ((await client.GetAsync<V1Node>(null, nodeName, cancellation))?.Metadata.Labels?.TryGetValue(HostLabel, out var host)
                    == true)
                {
                    return host!;
                }

                logger.LogInformation("waiting for the label {Label} of node {Node}", HostLabel, nodeName);
            }
            catch (Exception e) when (e is KubeException or HttpRequestException or TimeoutException)
            {
                logger.LogInformation("waiting for the DPU cluster: {Message}", e.Message);
            }

            await Task.Delay(TimeSpan.FromSeconds(2), time, cancellation);
        }
    }

    private static async Task<DhcpLease?> LeaseAsync(ComponentContext context, KernelNetwork kernel, CancellationToken cancellation)
    {
        var machine = context.Machine;
        await kernel.ApplyAsync(cancellation, new SetLink(Bridge) { IsUp = true });
        var link = kernel.Find(Bridge) ?? throw new IOException($"{machine.HostName} has no interface {Bridge}");
        var mac = Convert.FromHexString(link.Mac.Replace(":", "", StringComparison.Ordinal));
        return await new DhcpClient(machine.Network, context.Time).LeaseAsync(link.Index, mac, cancellation);
    }

    private static async Task ApplyAsync(
        ComponentContext context, KernelNetwork kernel, OpenVSwitch ovs, EndpointPlan plan, Cidr? former, string host, ILogger logger,
        CancellationToken cancellation)
    {
        var missing = plan.Missing(Bridge, kernel.State(IpFamily.V4), former);
        if (missing.Count > 0)
        {
            await kernel.ApplyAsync(cancellation, missing);
            logger.LogInformation("{Machine}: restored {Lines}", context.Machine.HostName, string.Join("; ", missing));
        }

        // The files before the endpoint's address: that is what the node agent waits for.
        Write(context.Path(InitOutput + "ovn_gateway_opts"), $"--gateway-nexthop={plan.Gateway}");
        Write(context.Path(InitOutput + "ovn_gateway_router_subnet"), plan.Address.Network.ToString());
        await ovs.ConfigureAsync(
            "provisioner",
            new Dictionary<string, string>
            {
                ["host-k8s-nodename"] = host,
                [TunnelEndpoint.Key] = plan.Address.Address.ToString(),
            },
            new Dictionary<string, string>(),
            cancellation);
        Write(context.Machine.Path("/run/readyz"), "ok");
    }

    private static void Write(string path, string text)
    {
        Directory.CreateDirectory(System.IO.Path.GetDirectoryName(path)!);
        File.WriteAllText(path, text + "\n");
    }
}
