using System.Text.Json.Nodes;
using Dpf.Api.Provisioning;
using Dpf.Runtime.Clusters;
using Dpf.Runtime.Events;
using Dpf.Runtime.Informers;
using Dpf.Runtime.Reconciling;
using k8s;
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
        var (finding, again) = await LookAsync(bfb);
        if (finding is not null)
        {
            await SaveAsync(bfb, finding, cancellation);
        }

        return new Result(again);
    }

    /// <summary>Looks at the file and at the download; null when all is as the status says.</summary>
    private async Task<(BfbFinding? Finding, TimeSpan? Again)> LookAsync(Bfb bfb)
    {
        if (!Directory.Exists(folder))
        {
            return (Trouble(BfbConditions.VolumeNotUsable, $"{folder} is not there: the volume of boot images is not mounted"), Look);
        }

        if (BfbFiles.Conflicting(bfb, _bfbs.All) is { } other)
        {
            return (
                Trouble(
                    BfbConditions.FileNameTaken,
                    $"file {BfbFiles.NameOf(bfb)} is that of BFB {other.Metadata.NamespaceProperty}/{other.Metadata.Name}, from {other.Spec.Url}; choose another fileName"),
                RetryErrors);
        }

        var state = downloads.Find(bfb.Metadata.Uid);
        var file = new FileInfo(Path.Combine(folder, BfbFiles.NameOf(bfb)));
        if (file is not { Exists: true, Length: > 0 })
        {
            return await FetchAsync(bfb, state);
        }

        if (state?.Content is { } content && state.Basis == BfbFiles.BasisOf(bfb, state.IsCheck ? file : null))
        {
            await downloads.ForgetAsync(bfb.Metadata.Uid);
            return (new BfbFinding(BfbPhases.Ready, "", Text($"{content.Length} bytes, SHA-256 {content.Sha256}")) { Content = content }, Look);
        }

        if (BfbStatusRules.IsChecked(bfb))
        {
            // Files do not tell when they are removed.
            return (null, Look);
        }

        return await CheckAsync(bfb, state, file);
    }

    /// <summary>Reads a file that is there to its end: one that was fetched before, or that somebody put there.</summary>
    private async Task<(BfbFinding? Finding, TimeSpan? Again)> CheckAsync(Bfb bfb, DownloadState? state, FileInfo file)
    {
        var basis = BfbFiles.BasisOf(bfb, file);
        if (state is { IsCheck: true, Problem: { } problem } && state.Holds(basis, time.GetUtcNow()))
        {
            // Files do not tell when they are replaced.
            var left = state.Next - time.GetUtcNow();
            return (Trouble(problem.Reason, $"{problem.Message}; looked at again when it changes, or at {Text(state.Next)}"), left < Look ? left : Look);
        }

        if (state is null or { IsOver: true })
        {
            // A download that failed says nothing of a file that is there since.
            await downloads.ForgetAsync(bfb.Metadata.Uid);
            downloads.StartCheck(bfb, file, state is { IsCheck: true } && state.Basis == basis ? state.Rounds + 1 : 0);
            state = downloads.Find(bfb.Metadata.Uid)!;
        }

        // Who was ready stays it meanwhile, before there were checks or for another checksum, and who failed one stays that.
        return bfb.Status?.Phase == BfbPhases.Ready || state is { IsCheck: true, Rounds: > 0 }
            ? (null, Look)
            : (new BfbFinding(BfbPhases.Downloading, BfbConditions.Checking, state.Doing), Look);
    }

    private async Task<(BfbFinding? Finding, TimeSpan? Again)> FetchAsync(Bfb bfb, DownloadState? state)
    {
        var basis = BfbFiles.BasisOf(bfb, null);
        if (state is { IsCheck: false, Problem: { } over } && state.Holds(basis, time.GetUtcNow()))
        {
            return (Trouble(over.Reason, $"{over.Message}; fetched again at {Text(state.Next)}"), state.Next - time.GetUtcNow());
        }

        if (state is null or { IsOver: true } or { IsCheck: true })
        {
            // What a download that is over left has been removed since.
            await downloads.ForgetAsync(bfb.Metadata.Uid);
            downloads.Start(bfb, state is { IsCheck: false, Problem: not null } && state.Basis == basis ? state.Rounds + 1 : 0);
            state = downloads.Find(bfb.Metadata.Uid)!;
        }

        return (
            state.Problem is { } problem
                ? Trouble(problem.Reason, problem.Message) with { Phase = BfbPhases.Downloading }
                : new BfbFinding(BfbPhases.Downloading, BfbConditions.Downloading, state.Doing),
            null);
    }

    private static BfbFinding Trouble(string reason, string message) => new(BfbPhases.Error, reason, message) { IsTrouble = true };

    private static string Text(DateTimeOffset moment) => Text($"{moment.UtcDateTime:yyyy-MM-dd'T'HH:mm:ss'Z'}");

    private static string Text(FormattableString text) => text.ToString(System.Globalization.CultureInfo.InvariantCulture);

    private async Task DeleteAsync(Bfb bfb, CancellationToken cancellation)
    {
        if (!bfb.HasFinalizer(ProvisioningLabels.BfbFinalizer))
        {
            return;
        }

        await downloads.ForgetAsync(bfb.Metadata.Uid);
        await SaveAsync(bfb, new BfbFinding(BfbPhases.Deleting, BfbConditions.Deleting, "the file is removed"), cancellation);
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

    private async Task SaveAsync(Bfb bfb, BfbFinding finding, CancellationToken cancellation)
    {
        var status = JsonNode.Parse(KubernetesJson.Serialize(BfbStatusRules.Apply(bfb, finding, time.GetUtcNow())))!;
        if (bfb.Status is not null && JsonNode.DeepEquals(status, JsonNode.Parse(KubernetesJson.Serialize(bfb.Status))))
        {
            return;
        }

        foreach (var field in (string[])["sha256", "versions"])
        {
            // Merged: what is left out would stay.
            status.AsObject().TryAdd(field, null);
        }

        await cache.Client.PatchStatusAsync<Bfb>(
            bfb.Metadata.NamespaceProperty, bfb.Metadata.Name, new JsonObject { ["status"] = status }, cancellation);
        if (finding.IsTrouble)
        {
            await events.WarningAsync(bfb, "FailedDownload", finding.Message, cancellation);
        }
        else if (finding.Phase == BfbPhases.Ready && bfb.Status?.Phase != BfbPhases.Ready)
        {
            await events.NormalAsync(bfb, "SuccessfulDownload", $"{BfbFiles.NameOf(bfb)} is there: {finding.Message}", cancellation);
        }
    }
}
