using Dpf.Api.Operator;
using Dpf.Api.Services;
using Dpf.Runtime.Clusters;
using Dpf.Runtime.Events;
using Dpf.Runtime.Hosting;
using Dpf.Runtime.Informers;
using Dpf.Runtime.Reconciling;
using Dpf.Services.Argo;
using Dpf.Services.Chains;
using Dpf.Services.Clusters;
using Dpf.Services.Credentials;
using Dpf.Services.DpuServices;
using Dpf.Services.Interfaces;
using Dpf.Services.Ipam;
using Dpf.Services.Mirroring;
using Dpf.Services.PullSecrets;
using k8s;
using k8s.Models;
using Microsoft.Extensions.Logging;

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
        await RunAsync(new ServiceControllers(cache, clients, here, context.Time, context.Loggers), cancellation);
    }

    /// <summary>Runs all controllers; the first that fails ends the others.</summary>
    internal static async Task RunAsync(ServiceControllers controllers, CancellationToken cancellation)
    {
        using var ended = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        var running = controllers.Start(ended.Token).ToList();
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
