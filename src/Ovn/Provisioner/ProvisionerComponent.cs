using System.Globalization;
using System.Text.Json.Nodes;
using Dpf.Ovn.Addressing;
using Dpf.Ovn.Node;
using Dpf.Runtime.Clusters;
using Dpf.Runtime.Hosting;
using Dpf.Runtime.Machines;
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

    // Worse than any other way to the management network: only the switch's own tunnels shall take it.
    private const int HostRouteMetric = 10000;
    private static readonly TimeSpan Interval = TimeSpan.FromSeconds(30);

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
        DhcpLease? lease = null;
        var renewAt = context.Time.GetUtcNow();
        while (true)
        {
            var delay = TimeSpan.FromSeconds(1);
            try
            {
                if (lease is null || context.Time.GetUtcNow() >= renewAt)
                {
                    if (await LeaseAsync(context, cancellation) is { } fresh)
                    {
                        if (fresh.Address != lease?.Address)
                        {
                            logger.LogInformation("{Bridge}: {Address} from {Server}", Bridge, fresh.Address, fresh.Server);
                        }

                        (lease, renewAt) = (fresh, context.Time.GetUtcNow() + (fresh.Duration / 2));
                    }
                    else
                    {
                        logger.LogInformation("{Bridge}: no DHCP server answered yet", Bridge);
                    }
                }

                if (lease is not null)
                {
                    await ApplyAsync(context, ovs, lease, host, hostNetwork, discovery, cancellation);
                    delay = Interval;
                }
            }
            catch (Exception e) when (e is MachineCommandException or InvalidOperationException or IOException or
                System.Net.Sockets.SocketException)
            {
                logger.LogWarning("{Message}; trying again", e.Message);
            }

            await Task.Delay(delay, context.Time, cancellation);
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

    private static async Task<DhcpLease?> LeaseAsync(ComponentContext context, CancellationToken cancellation)
    {
        var machine = context.Machine;
        await machine.ExecuteAsync(cancellation, "ip", "link", "set", Bridge, "up");
        var link = JsonNode.Parse(await machine.ExecuteAsync(cancellation, "ip", "-j", "link", "show", Bridge))![0]!;
        var mac = Convert.FromHexString(((string)link["address"]!).Replace(":", "", StringComparison.Ordinal));
        return await new DhcpClient(machine.Network, context.Time).LeaseAsync((int)link["ifindex"]!, mac, cancellation);
    }

    private static async Task ApplyAsync(
        ComponentContext context, OpenVSwitch ovs, DhcpLease lease, string host, Cidr? hostNetwork, Cidr discovery,
        CancellationToken cancellation)
    {
        var gateway = lease.Routes.FirstOrDefault(r => r.Destination == discovery)?.NextHop ?? throw new InvalidOperationException(
            $"the DHCP server {lease.Server} hands out no route to {discovery} (option 121); the gateway of the high-speed network " +
            "is taken from that");
        var routes = lease.Routes.Where(r => r.Destination.Length > 0).Select(r =>
            $"route replace {r.Destination.Network} via {r.NextHop} dev {Bridge}");
        if (hostNetwork is { } network)
        {
            routes = routes.Append(string.Create(
                CultureInfo.InvariantCulture, $"route replace {network} via {gateway} dev {Bridge} metric {HostRouteMetric}"));
        }

        await new Links(context.Machine).BatchAsync([$"addr replace {lease.Address} dev {Bridge}", .. routes], cancellation);

        // The files before the endpoint's address: that is what the node agent waits for.
        Write(context.Path(InitOutput + "ovn_gateway_opts"), $"--gateway-nexthop={gateway}");
        Write(context.Path(InitOutput + "ovn_gateway_router_subnet"), lease.Address.Network.ToString());
        await ovs.ConfigureAsync(
            "provisioner",
            new Dictionary<string, string>
            {
                ["host-k8s-nodename"] = host,
                ["ovn-encap-ip"] = lease.Address.Address.ToString(),
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
