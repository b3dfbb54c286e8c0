using Dpf.Api.Operator;
using Dpf.Runtime.Clusters;
using Dpf.Runtime.Hosting;
using Dpf.Runtime.Informers;
using Dpf.Services.Credentials;
using Dpf.Services.Ipam;

namespace Dpf.Services;

/// <summary>
/// <c>dpuservice-controller</c>: services, chains, interfaces, address pools and credentials, as the management cluster's
/// objects ask for them in DPU clusters.
/// </summary>
public sealed class DpuServiceControllerComponent : IComponent
{
    /// <inheritdoc />
    public async Task RunAsync(ComponentContext context, CancellationToken cancellation)
    {
        using var client = context.InCluster();
        await using var cache = new Cache(client, context.Time, context.Loggers);
        await using var clients = new ClusterClients(client, context.Network, context.Time, context.Loggers);
        var here = new TargetCluster("incluster", client.Connection.Server, client.Connection.CertificateAuthority ?? "");
        var configs = cache.Informer<DpfOperatorConfig>();
        await RunAllAsync(
            stop =>
            [
                .. new ServiceControllers(cache, clients, here, context.Time, context.Loggers).Start(stop),
                IpamWebhook.ServeAsync(
                    context, () => configs.All.FirstOrDefault()?.Metadata.NamespaceProperty ?? "dpf-operator-system", stop),
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
}
