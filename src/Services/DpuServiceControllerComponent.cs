using Dpf.Runtime.Clusters;
using Dpf.Runtime.Hosting;
using Dpf.Runtime.Informers;
using Dpf.Runtime.Leases;
using Dpf.Services.Admission;
using Dpf.Services.Credentials;

namespace Dpf.Services;

/// <summary>
/// <c>dpuservice-controller</c>: services, chains, interfaces, address pools and credentials, as the management cluster's
/// objects ask for them in DPU clusters. Of several replicas one works; all answer the API server.
/// </summary>
public sealed class DpuServiceControllerComponent : IComponent
{
    private const string LeaseName = "e361afcf.nvidia.com";

    /// <inheritdoc />
    public async Task RunAsync(ComponentContext context, CancellationToken cancellation)
    {
        using var client = context.InCluster();
        await Together.RunAsync(
            stop =>
            [
                LeaderElection.RunAsync(context, client, LeaseName, leading => WorkAsync(context, client, leading), stop),
                new ServiceWebhooks(client).RunAsync(context, stop),
            ],
            cancellation);
    }

    // Caches are a leader's own: whoever follows starts from what there is, not from what it saw earlier.
    private static async Task WorkAsync(ComponentContext context, KubeClient client, CancellationToken cancellation)
    {
        await using var cache = new Cache(client, context.Time, context.Loggers);
        await using var clients = new ClusterClients(client, context.Network, context.Time, context.Loggers);
        var here = new TargetCluster("incluster", client.Connection.Server, client.Connection.CertificateAuthority ?? "");
        await Together.RunAsync(new ServiceControllers(cache, clients, here, context.Time, context.Loggers).Start, cancellation);
    }
}
