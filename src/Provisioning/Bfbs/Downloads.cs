using System.Collections.Concurrent;
using System.Globalization;
using Dpf.Api.Provisioning;
using Dpf.Runtime.Clusters;
using Dpf.Runtime.Queue;
using Microsoft.Extensions.Logging;

namespace Dpf.Provisioning.Bfbs;

/// <summary>How a BFB's download goes.</summary>
internal sealed record DownloadState
{
    /// <summary>Whether it is over.</summary>
    public bool IsOver { get; init; }

    /// <summary>What went wrong last; null when nothing did.</summary>
    public string? Failure { get; init; }

    /// <summary>How many attempts have failed.</summary>
    public int Failures { get; init; }

    /// <summary>When it was over.</summary>
    public DateTimeOffset At { get; init; }
}

/// <summary>
/// Downloads that go on, a few at a time. Each is tried again when the server or the network fails it, with growing pauses, until
/// it has failed often or for good.
/// </summary>
internal sealed class Downloads(HttpDownload http, TimeProvider time, ILogger logger) : IAsyncDisposable
{
    private const int AtOnce = 3;
    private const int Budget = 6;
    private readonly SemaphoreSlim _places = new(AtOnce, AtOnce);
    private readonly ConcurrentDictionary<string, (CancellationTokenSource Stop, Task Running)> _running = new(StringComparer.Ordinal);
    private readonly ConcurrentDictionary<string, DownloadState> _states = new(StringComparer.Ordinal);
    private readonly Backoff _backoff = new(TimeSpan.FromSeconds(1), TimeSpan.FromSeconds(30), Random.Shared);

    /// <summary>Called when a download's state changes: look at this BFB.</summary>
    public event Action<NamespacedName>? Changed;

    /// <summary>How a download goes; null when there is none.</summary>
    public DownloadState? Find(string uid) => _states.GetValueOrDefault(uid);

    /// <summary>Starts one.</summary>
    public void Start(Bfb bfb)
    {
        var uid = bfb.Metadata.Uid;
        var stop = new CancellationTokenSource();
        _states[uid] = new DownloadState();
        _running[uid] = (stop, Task.Run(() => RunAsync(bfb, stop.Token)));
    }

    /// <summary>Ends and forgets one.</summary>
    public async Task ForgetAsync(string uid)
    {
        if (_running.TryRemove(uid, out var download))
        {
            await download.Stop.CancelAsync();
            await download.Running;
            download.Stop.Dispose();
        }

        _states.TryRemove(uid, out _);
    }

    /// <summary>Removes what is left of a download that was not finished.</summary>
    public void Clean(Bfb bfb) => http.Forget(BfbFiles.PartOf(bfb));

    /// <inheritdoc />
    public async ValueTask DisposeAsync()
    {
        foreach (var uid in _running.Keys)
        {
            await ForgetAsync(uid);
        }

        http.Dispose();
        _places.Dispose();
    }

    private async Task RunAsync(Bfb bfb, CancellationToken cancellation)
    {
        var key = new NamespacedName(bfb.Metadata.NamespaceProperty, bfb.Metadata.Name);
        for (var failures = 0; !cancellation.IsCancellationRequested;)
        {
            try
            {
                await _places.WaitAsync(cancellation);
                try
                {
                    logger.LogInformation("{Bfb}: fetches {Url}", key, bfb.Spec.Url);
                    await http.FetchAsync(new Uri(bfb.Spec.Url), BfbFiles.PartOf(bfb), BfbFiles.NameOf(bfb), cancellation);
                }
                finally
                {
                    _places.Release();
                }

                Say(bfb, key, new DownloadState { IsOver = true, At = time.GetUtcNow() });
                return;
            }
            catch (OperationCanceledException) when (cancellation.IsCancellationRequested)
            {
                return;
            }
            catch (Exception e) when (e is DownloadException or HttpRequestException or IOException or UnauthorizedAccessException or UriFormatException)
            {
                failures++;
                var isOver = failures >= Budget || e is DownloadException { MayPass: false } or UriFormatException;
                var message = string.Create(CultureInfo.InvariantCulture, $"{e.Message} (attempt {failures})");
                logger.LogWarning("{Bfb}: {Message}", key, message);
                Say(bfb, key, new DownloadState { IsOver = isOver, Failure = message, Failures = failures, At = time.GetUtcNow() });
                if (isOver)
                {
                    return;
                }

                await Task.Delay(_backoff.Delay(failures), time, cancellation).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            }
        }
    }

    private void Say(Bfb bfb, NamespacedName key, DownloadState state)
    {
        _states[bfb.Metadata.Uid] = state;
        Changed?.Invoke(key);
    }
}
