using Dpf.Runtime.Clusters;
using Dpf.Runtime.Hosting;
using Dpf.Runtime.Informers;
using Dpf.Runtime.Leases;

namespace Dpf.Ovn.ClusterManager;

/// <summary>
/// <c>ovnkube-control-plane</c>: what is decided once for all zones. Every node's subnet and number, the nodes of egress addresses, the
/// high-speed endpoints of services, what is said of policies.
/// </summary>
public sealed class ClusterManagerComponent : IComponent
{
    private const string LeaseName = "ovn-kubernetes-master";

    /// <inheritdoc />
    public async Task RunAsync(ComponentContext context, CancellationToken cancellation)
    {
        var settings = OvnSettings.Read(context);
        using var client = settings.Connect(context);

        // Of two that decide at once, as after a node that is only cut off, both could give away the same subnet.
        await LeaderElection.RunAsync(context, client, LeaseName, leading => WorkAsync(context, settings, client, leading), cancellation);
    }

    private static async Task WorkAsync(ComponentContext context, OvnSettings settings, KubeClient client, CancellationToken cancellation)
    {
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
