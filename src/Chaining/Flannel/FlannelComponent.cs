using System.Globalization;
using System.Text.Json.Nodes;
using System.Threading.Channels;
using Dpf.Chaining.Cni;
using Dpf.Runtime.Hosting;
using Dpf.Runtime.Informers;
using Dpf.Runtime.Machines;
using k8s.Models;
using Microsoft.Extensions.Logging;

namespace Dpf.Chaining.Flannel;

/// <summary>
/// The pod network of a DPU cluster: a Linux bridge per node, and a route to every other node's pods through that node's address
/// on the management network.
/// </summary>
public sealed class FlannelComponent : IComponent
{
    // Marks the routes as ours among the machine's.
    private const string Protocol = "186";
    private static readonly TimeSpan Drift = TimeSpan.FromSeconds(10);
    private static readonly TimeSpan Retry = TimeSpan.FromSeconds(1);
    private static readonly string[] Plugins = ["bridge", "host-local", "loopback", "portmap"];

    /// <inheritdoc />
    public async Task RunAsync(ComponentContext context, CancellationToken cancellation)
    {
        var node = context.Required("node", "NODE_NAME");
        var backend = context.Option("backend", "host-gw");
        if (backend != "host-gw")
        {
            throw new InvalidOperationException(
                $"flannel: --backend={backend}: only host-gw is there, because DPUs share one management network; leave flannel.backend alone");
        }

        var mtu = int.TryParse(context.Option("mtu"), CultureInfo.InvariantCulture, out var given) ? given : 1500;
        var logger = context.Loggers.CreateLogger("flannel");
        using var client = context.InCluster();
        await using var cache = new Cache(client, context.Time, context.Loggers);
        var changed = Channel.CreateBounded<bool>(new BoundedChannelOptions(1) { FullMode = BoundedChannelFullMode.DropWrite });
        var nodes = cache.Informer<V1Node>();
        nodes.Changed += _ => changed.Writer.TryWrite(true);
        await cache.WaitForSyncAsync(cancellation);
        string? last = null;
        while (true)
        {
            var again = Drift;
            try
            {
                if (PodNetworkPlan.Of(node, nodes.All) is { } plan)
                {
                    await ApplyAsync(context.Machine, plan, mtu, logger, cancellation);
                    last = null;
                }
                else if (last is null)
                {
                    last = $"{node} has no spec.podCIDR yet: the cluster's controller manager gives it";
                    logger.LogInformation("{Message}", last);
                }
            }
            catch (Exception e) when (e is MachineCommandException or IOException or UnauthorizedAccessException)
            {
                again = Retry;
                if (last != e.Message)
                {
                    last = e.Message;
                    logger.LogWarning("{Node}: {Message}; trying again", node, e.Message);
                }
            }

            await ChangeWait.AnyAsync(changed.Reader, again, context.Time, cancellation);
        }
    }

    private static async Task ApplyAsync(
        IMachine machine, PodNetworkPlan plan, int mtu, ILogger logger, CancellationToken cancellation)
    {
        InstallPlugins(machine);
        await machine.ExecuteAsync(cancellation, "sh", "-c", "echo 1 > /proc/sys/net/ipv4/ip_forward");
        var rules = await machine.RunAsync(new MachineCommand("nft", "-f", "-") { Input = plan.Masquerade() }, cancellation);
        if (!rules.Succeeded)
        {
            throw new MachineCommandException(machine.HostName, new MachineCommand("nft", "-f", "-"), rules);
        }

        var present = JsonNode.Parse(await machine.ExecuteAsync(cancellation, "ip", "-j", "-4", "route", "show", "proto", Protocol))!.AsArray()
            .ToDictionary(r => (string)r!["dst"]!, r => (string?)r!["gateway"] ?? "", StringComparer.Ordinal);
        foreach (var (subnet, address) in plan.Routes.Where(r => present.GetValueOrDefault(r.Key) != r.Value))
        {
            await machine.ExecuteAsync(cancellation, "ip", "route", "replace", subnet, "via", address, "proto", Protocol);
            logger.LogInformation("{Machine}: pods of {Subnet} via {Address}", machine.HostName, subnet, address);
        }

        foreach (var subnet in present.Keys.Where(k => !plan.Routes.ContainsKey(k)))
        {
            await machine.ExecuteAsync(cancellation, "ip", "route", "del", subnet, "proto", Protocol);
        }

        Directory.CreateDirectory(machine.Path("/run/flannel"));
        await File.WriteAllTextAsync(machine.Path("/run/flannel/subnet.env"), plan.Environment(mtu), cancellation);

        // Last: with it the node is ready for pods.
        if (await new NetworkFolder(machine).WriteAsync("10-flannel.conflist", plan.Network(mtu), cancellation))
        {
            logger.LogInformation("{Machine}: pods get addresses of {Subnet}, MTU {Mtu}", machine.HostName, plan.Subnet, mtu);
        }
    }

    /// <summary>Runtimes look in one folder; distributions put the common plugins into another.</summary>
    private static void InstallPlugins(IMachine machine)
    {
        Directory.CreateDirectory(machine.Path(CniCall.PluginFolder));
        foreach (var plugin in Plugins)
        {
            var target = machine.Path($"{CniCall.PluginFolder}/{plugin}");
            var source = machine.Path($"/usr/lib/cni/{plugin}");
            if (!File.Exists(target) && File.Exists(source))
            {
                File.Copy(source, target + ".new", overwrite: true);
                File.Move(target + ".new", target, overwrite: true);
            }
        }
    }
}
