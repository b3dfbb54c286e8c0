using Dpf.Chaining.Switching;
using Dpf.Runtime.Hosting;
using Dpf.Runtime.Informers;

namespace Dpf.Chaining.Agent;

/// <summary>The agent of interfaces and chains on a DPU.</summary>
public sealed class SfcComponent : IComponent
{
    /// <inheritdoc />
    public async Task RunAsync(ComponentContext context, CancellationToken cancellation)
    {
        var node = context.Required("node", "SFC_NODE_NAME");
        var logger = context.Loggers.CreateLogger("sfc-controller");
        using var client = context.InCluster();
        await using var cache = new Cache(client, context.Time, context.Loggers);
        await using var ovs = new NodeSwitch(context.Machine, context.Time, context.Loggers.CreateLogger("ovsdb"));
        await new SfcAgent(context, client, cache, ovs, node, logger).RunAsync(cancellation);
    }
}
