using System.Text.Json.Nodes;
using Dpf.Chaining.Cni;
using Dpf.Chaining.Switching;
using Dpf.Ovsdb.Models.OpenVSwitch;
using Dpf.Ovsdb.Rows;
using Dpf.Runtime.Hosting;
using k8s.Models;
using Microsoft.Extensions.Logging;

namespace Dpf.Chaining.OvsCni;

/// <summary>
/// The CNI plugin <c>ovs</c>, and the marker that makes the bridges of services where they are missing and tells the scheduler of them.
/// </summary>
public sealed class OvsCniComponent : IComponent
{
    private const string Socket = "/run/ovs-cni/ovs-cni.sock";
    private const string Resource = "ovs-cni.network.kubevirt.io/";
    private static readonly TimeSpan Interval = TimeSpan.FromSeconds(10);
    private static readonly string[] Services = ["br-sfc", "br-hbn"];

    /// <inheritdoc />
    public async Task RunAsync(ComponentContext context, CancellationToken cancellation)
    {
        var logger = context.Loggers.CreateLogger("ovs-cni");
        await using var ovs = new NodeSwitch(context.Machine, context.Time, context.Loggers.CreateLogger("ovsdb"));
        switch (context.Arguments is [var verb, ..] ? verb : null)
        {
            case "plugin":
                var plugin = new OvsPlugin(context.Machine, ovs);
                await new PluginServer(context.Machine, "ovs", Socket, plugin.AnswerAsync, logger).RunAsync(cancellation);
                break;
            case "marker":
                await MarkAsync(context, ovs, logger, cancellation);
                break;
            case var other:
                throw new InvalidOperationException($"ovs-cni: '{other}' is no part of it; start it with plugin or marker");
        }
    }

    /// <summary>The bridges of services that are missing.</summary>
    public static RowSet Missing(SwitchView view)
    {
        // No owner's set of bridges: they stay when the marker goes. An owner that is never looked at again does that.
        var rows = new RowSet("ovs-cni-marker-" + string.Join('-', Services.Where(b => !view.Bridges.Contains(b))));
        foreach (var name in Services.Where(b => !view.Bridges.Contains(b)))
        {
            var bridge = rows.Singleton<Ovsdb.Models.OpenVSwitch.OpenVSwitch>()
                .Add("bridges", name, new Bridge { Name = name, DatapathType = "netdev", FailMode = "secure" });
            bridge.Add("ports", name, new Port { Name = name }).Add("interfaces", name, new Interface { Name = name, Type = "internal" });
        }

        return rows;
    }

    private static async Task MarkAsync(ComponentContext context, NodeSwitch ovs, ILogger logger, CancellationToken cancellation)
    {
        var node = context.Required("node", "NODE_NAME");
        using var client = context.InCluster();
        await ovs.Client.WaitUntilSyncedAsync(cancellation);
        while (true)
        {
            try
            {
                var view = ovs.View;
                if (Services.Any(b => !view.Bridges.Contains(b)))
                {
                    await ovs.ApplyAsync(Missing(view), cancellation);
                    view = ovs.View;
                }

                var present = await client.GetAsync<V1Node>(null, node, cancellation);
                var capacity = present?.Status?.Capacity ?? new Dictionary<string, ResourceQuantity>();
                var changes = new JsonObject();
                foreach (var bridge in view.Bridges.Where(b => !capacity.ContainsKey(Resource + b)))
                {
                    changes[Resource + bridge] = "1000";
                }

                foreach (var gone in capacity.Keys.Where(k => k.StartsWith(Resource, StringComparison.Ordinal) && !view.Bridges.Contains(k[Resource.Length..])))
                {
                    changes[gone] = null;
                }

                if (present is not null && changes.Count > 0)
                {
                    await client.PatchStatusAsync<V1Node>(
                        null, node, new JsonObject { ["status"] = new JsonObject { ["capacity"] = changes } }, cancellation);
                    logger.LogInformation("{Node}: bridges {Bridges}", node, string.Join(", ", view.Bridges.Order(StringComparer.Ordinal)));
                }
            }
            catch (Exception e) when (e is not OperationCanceledException || !cancellation.IsCancellationRequested)
            {
                logger.LogWarning("{Node}: {Message}; trying again", node, e.Message);
            }

            await Task.Delay(Interval, context.Time, cancellation);
        }
    }
}
