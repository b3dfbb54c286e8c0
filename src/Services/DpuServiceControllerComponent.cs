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
        await RunAllAsync(
            stop =>
            [
                LeaderElection.RunAsync(context, client, LeaseName, leading => WorkAsync(context, client, leading), stop),
                new ServiceWebhooks(client).RunAsync(context, stop),
            ],
            cancellation);
    }

    /// <summary>Runs all; the first that ends ends the others.</summary>
    internal static async Task RunAllAsync(Func<CancellationToken, IEnumerable<Task>> start, CancellationToken cancellation)
    {
        using var ended = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        var running = start(ended.Token).ToList();
        try
        {
            await await Task.WhenAny(running);
        }
        finally
        {
            await ended.CancelAsync();
            await Task.WhenAll(running).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    // Caches are a leader's own: whoever follows starts from what there is, not from what it saw earlier.
    private static async Task WorkAsync(ComponentContext context, KubeClient client, CancellationToken cancellation)
    {
        await using var cache = new Cache(client, context.Time, context.Loggers);
        await using var clients = new ClusterClients(client, context.Network, context.Time, context.Loggers);
        var here = new TargetCluster("incluster", client.Connection.Server, client.Connection.CertificateAuthority ?? "");
        await RunAllAsync(new ServiceControllers(cache, clients, here, context.Time, context.Loggers).Start, cancellation);
    }
}
