using Dpf.Runtime.Hosting;
using Dpf.Runtime.Informers;

namespace Dpf.Ovn.ClusterManager;

/// <summary>
/// <c>ovnkube-control-plane</c>: what is decided once for all zones. Every node's subnet and number, the nodes of egress addresses, the
/// high-speed endpoints of services, what is said of policies.
/// </summary>
public sealed class ClusterManagerComponent : IComponent
{
    /// <inheritdoc />
    public async Task RunAsync(ComponentContext context, CancellationToken cancellation)
    {
        var settings = OvnSettings.Read(context);
        using var client = settings.Connect(context);
        await using var cache = new Cache(client, context.Time, context.Loggers);
        var highSpeed = (context.Option("high-speed-host-endpoints") ?? context.Variable("OVN_HIGH_SPEED_HOST_ENDPOINTS")) == "true";
        await Together.RunAsync(
            stop =>
            [
                new NodeAllocationController(cache, settings.Network, context.Loggers, context.Time).RunAsync(stop),
                new HighSpeedEndpointsController(cache, highSpeed, context.Loggers, context.Time).RunAsync(stop),
                new EgressIpController(cache, context.Loggers, context.Time).RunAsync(stop),
                .. new ZoneReportsController(cache, context.Loggers, context.Time).Run(stop),
            ],
            cancellation);
    }
}
