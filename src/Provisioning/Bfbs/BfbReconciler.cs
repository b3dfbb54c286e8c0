using System.Text.Json.Nodes;
using Dpf.Api.Provisioning;
using Dpf.Runtime.Clusters;
using Dpf.Runtime.Events;
using Dpf.Runtime.Informers;
using Dpf.Runtime.Reconciling;
using Microsoft.Extensions.Logging;

namespace Dpf.Provisioning.Bfbs;

/// <summary>Keeps the file of each BFB on the shared volume.</summary>
internal sealed class BfbReconciler(Cache cache, Downloads downloads, string folder, EventRecorder events, TimeProvider time) : IReconciler
{
    private static readonly TimeSpan Look = TimeSpan.FromSeconds(30);
    private static readonly TimeSpan RetryErrors = TimeSpan.FromMinutes(5);
    private readonly Informer<Bfb> _bfbs = cache.Informer<Bfb>();

    /// <summary>The controller.</summary>
    public static RunningController<Bfb> Build(
        Cache cache, Downloads downloads, string folder, EventRecorder events, ILoggerFactory loggers, TimeProvider time) =>
        Controller.For<Bfb>(cache, "bfb")
            .Source(add => downloads.Changed += add)
            .Build(new BfbReconciler(cache, downloads, folder, events, time), loggers, time);

    /// <inheritdoc />
    public async Task<Result> ReconcileAsync(NamespacedName key, CancellationToken cancellation)
    {
        if (_bfbs.Get(key.Namespace, key.Name) is not { } bfb)
        {
            return Result.Done;
        }

        if (bfb.IsDeleting())
        {
            await DeleteAsync(bfb, cancellation);
            return Result.Done;
        }

        bfb = await cache.Client.AddFinalizerAsync(bfb, ProvisioningLabels.BfbFinalizer, cancellation);
        if (!Directory.Exists(folder))
        {
            throw new IOException($"{folder} is not there: the volume of boot images is not mounted");
        }

        if (BfbFiles.Conflicting(bfb, _bfbs.All) is { } other)
        {
            await FailAsync(
                bfb, $"file {BfbFiles.NameOf(bfb)} is that of BFB {other.Metadata.NamespaceProperty}/{other.Metadata.Name}, from {other.Spec.Url}; choose another fileName",
                cancellation);
            return Result.RequeueAfter(RetryErrors);
        }

        var file = new FileInfo(Path.Combine(folder, BfbFiles.NameOf(bfb)));
        return file is { Exists: true, Length: > 0 } ? await ReadyAsync(bfb, cancellation) : await FetchAsync(bfb, cancellation);
    }

    private async Task<Result> ReadyAsync(Bfb bfb, CancellationToken cancellation)
    {
        await downloads.ForgetAsync(bfb.Metadata.Uid);
        if (await SaveAsync(bfb, BfbPhases.Ready, cancellation))
        {
            await events.NormalAsync(bfb, "SuccessfulDownload", $"{BfbFiles.NameOf(bfb)} is there", cancellation);
        }

        // Files do not tell when they are removed.
        return Result.RequeueAfter(Look);
    }

    private async Task<Result> FetchAsync(Bfb bfb, CancellationToken cancellation)
    {
        var state = downloads.Find(bfb.Metadata.Uid);
        if (state is { IsOver: true, Failure: { } failure })
        {
            var left = state.At + RetryErrors - time.GetUtcNow();
            if (left > TimeSpan.Zero)
            {
                await FailAsync(bfb, failure, cancellation);
                return Result.RequeueAfter(left);
            }

            await downloads.ForgetAsync(bfb.Metadata.Uid);
            state = null;
        }

        if (state is null or { IsOver: true })
        {
            // What a download that is over left has been removed since.
            await downloads.ForgetAsync(bfb.Metadata.Uid);
            downloads.Start(bfb);
        }
        else if (state.Failure is { } trouble)
        {
            await events.WarningAsync(bfb, "FailedDownload", trouble, cancellation);
        }

        await SaveAsync(bfb, BfbPhases.Downloading, cancellation);
        return Result.Done;
    }

    private async Task FailAsync(Bfb bfb, string message, CancellationToken cancellation)
    {
        if (await SaveAsync(bfb, BfbPhases.Error, cancellation))
        {
            await events.WarningAsync(bfb, "FailedDownload", message, cancellation);
        }
    }

    private async Task DeleteAsync(Bfb bfb, CancellationToken cancellation)
    {
        if (!bfb.HasFinalizer(ProvisioningLabels.BfbFinalizer))
        {
            return;
        }

        await downloads.ForgetAsync(bfb.Metadata.Uid);
        await SaveAsync(bfb, BfbPhases.Deleting, cancellation);
        try
        {
            downloads.Clean(bfb);
            var path = Path.Combine(folder, BfbFiles.NameOf(bfb));
            if (BfbFiles.Sharing(bfb, _bfbs.All) is null && File.Exists(path))
            {
                File.Delete(path);
            }
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            await events.WarningAsync(bfb, "FailedDelete", e.Message, cancellation);
            throw;
        }

        var current = await cache.Client.GetAsync<Bfb>(bfb.Metadata.NamespaceProperty, bfb.Metadata.Name, cancellation);
        if (current is not null)
        {
            await cache.Client.RemoveFinalizerAsync(current, ProvisioningLabels.BfbFinalizer, cancellation);
        }
    }

    private async Task<bool> SaveAsync(Bfb bfb, string phase, CancellationToken cancellation)
    {
        if (bfb.Status?.Phase == phase)
        {
            return false;
        }

        await cache.Client.PatchStatusAsync<Bfb>(
            bfb.Metadata.NamespaceProperty, bfb.Metadata.Name, new JsonObject { ["status"] = new JsonObject { ["phase"] = phase } }, cancellation);
        return true;
    }
}
