using Dpf.Api.Services;
using Dpf.Runtime.Clusters;
using Dpf.Runtime.Informers;
using Dpf.Runtime.Reconciling;
using Dpf.Services.Applying;
using Dpf.Services.Clusters;
using Dpf.Services.Reporting;
using k8s.Models;
using Microsoft.Extensions.Logging;

namespace Dpf.Services.PullSecrets;

/// <summary>
/// Copies labelled Secrets of namespaces with services into every DPU cluster, and takes copies away again that nobody asks
/// for. A key is a Secret's, whether it is here, there or in both.
/// </summary>
internal sealed class PullSecretReconciler(Cache management, DpuClusterLinks links, ILogger logger) : IReconciler
{
    private static readonly TimeSpan Again = TimeSpan.FromSeconds(2);
    private readonly Informer<V1Secret> _sources = management.Informer<V1Secret>(PullSecretCopy.Labelled);
    private readonly Informer<DpuService> _services = management.Informer<DpuService>();
    private readonly Applier _applier = new(PullSecretCopy.FieldManager);

    /// <inheritdoc />
    public async Task<Result> ReconcileAsync(NamespacedName key, CancellationToken cancellation)
    {
        await links.Settled.WaitAsync(cancellation);
        var source = _sources.Get(key.Namespace, key.Name);
        var wanted = source is not null && !source.IsDeleting() && PullSecretCopy.IsServed(key.Namespace!, _services.All)
            ? PullSecretCopy.Of(source)
            : null;
        var failed = false;
        await Task.WhenAll(links.All.Where(l => l.Remote is not null && !l.IsLeaving).Select(async link =>
        {
            try
            {
                await ConvergeAsync(link.Remote!, key, wanted, cancellation);
            }
            catch (Exception e) when (Failures.IsExpected(e))
            {
                failed = true;
                links.Suspect(link, e);
                logger.LogWarning("Secret {Secret} to DPUCluster {Cluster}: {Message}", key, link.Name, Failures.Describe(e));
            }
        }));
        return failed ? Result.RequeueAfter(Again) : Result.Done;
    }

    private async Task ConvergeAsync(RemoteCluster remote, NamespacedName key, V1Secret? wanted, CancellationToken cancellation)
    {
        var live = remote.Cache.Informer<V1Secret>(PullSecretCopy.Labelled).Get(key.Namespace, key.Name);
        if (wanted is null)
        {
            if (live is not null && PullSecretCopy.IsCopy(live))
            {
                await remote.Client.DeleteAsync<V1Secret>(key.Namespace, key.Name, cancellation);
            }

            return;
        }

        await RemoteNamespaces.EnsureAsync(remote, key.Namespace!, cancellation);
        if (live is not null && PullSecretCopy.MustBeReplaced(live, wanted))
        {
            await remote.Client.DeleteAsync<V1Secret>(key.Namespace, key.Name, cancellation);
            live = null;
        }

        await _applier.ApplyAsync(remote.Client, Applier.Json(wanted), live, cancellation);
    }
}
