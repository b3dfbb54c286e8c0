using System.Collections.Concurrent;
using System.Globalization;
using Dpf.Api.Provisioning;
using Dpf.Runtime.Clusters;
using Dpf.Runtime.Queue;
using Microsoft.Extensions.Logging;

namespace Dpf.Provisioning.Bfbs;

/// <summary>
/// Downloads that go on, a few at a time. Each is tried again when the server or the network fails it, with growing pauses, until
/// it has failed often or for good. What has come is read to its end before it counts.
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
    public void Start(Bfb bfb, int rounds) => Begin(
        bfb, new DownloadState { Basis = BfbFiles.BasisOf(bfb, null), Rounds = rounds, Doing = $"{bfb.Spec.Url}: waits for its turn" },
        (say, stop) => http.FetchAsync(
            new Uri(bfb.Spec.Url), BfbFiles.PartOf(bfb), BfbFiles.NameOf(bfb), say, (path, token) => AcceptAsync(bfb, path, token), stop));

    /// <summary>Starts to read a file that is there.</summary>
    public void StartCheck(Bfb bfb, FileInfo file, int rounds) => Begin(
        bfb, new DownloadState { IsCheck = true, Basis = BfbFiles.BasisOf(bfb, file), Rounds = rounds, Doing = $"{BfbFiles.NameOf(bfb)} is on the volume, and is read to its end" },
        async (_, stop) =>
        {
            try
            {
                return await AcceptAsync(bfb, file.FullName, stop);
            }
            catch (DownloadException e)
            {
                throw new DownloadException(e.Reason, $"the file that is on the volume: {e.Message}; remove it to have it fetched", mayPass: false);
            }
        });

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

    /// <summary>Reads a file to its end: it has to be a boot stream, and the one that its BFB says.</summary>
    private static async Task<BootStreamContent> AcceptAsync(Bfb bfb, string path, CancellationToken cancellation)
    {
        BootStreamContent content;
        try
        {
            await using var stream = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.Read, 1);
            content = await BootStream.InspectAsync(stream, cancellation);
        }
        catch (FormatException e)
        {
            throw new DownloadException(BfbConditions.NotABootStream, $"{BfbFiles.NameOf(bfb)} {e.Message}", mayPass: false);
        }

        var wanted = BfbFiles.ChecksumOf(bfb);
        return wanted is null || wanted.Equals(content.Sha256, StringComparison.OrdinalIgnoreCase)
            ? content
            : throw new DownloadException(
                BfbConditions.ChecksumMismatch,
                $"{BfbFiles.NameOf(bfb)} has SHA-256 {content.Sha256}, annotation {ProvisioningLabels.Sha256} says {wanted}", mayPass: false);
    }

    private void Begin(Bfb bfb, DownloadState first, Func<Action<string>, CancellationToken, Task<BootStreamContent>> work)
    {
        var uid = bfb.Metadata.Uid;
        var stop = new CancellationTokenSource();
        _states[uid] = first;
        _running[uid] = (stop, Task.Run(() => RunAsync(bfb, first, work, stop.Token)));
    }

    private async Task RunAsync(
        Bfb bfb, DownloadState state, Func<Action<string>, CancellationToken, Task<BootStreamContent>> work, CancellationToken cancellation)
    {
        var key = new NamespacedName(bfb.Metadata.NamespaceProperty, bfb.Metadata.Name);
        for (var failures = 0; !cancellation.IsCancellationRequested;)
        {
            try
            {
                await _places.WaitAsync(cancellation);
                BootStreamContent content;
                try
                {
                    content = await work(
                        doing => Say(bfb, key, state = state with { Doing = doing, Problem = null }), cancellation);
                }
                finally
                {
                    _places.Release();
                }

                Say(bfb, key, state with { IsOver = true, Problem = null, Content = content, At = time.GetUtcNow() });
                return;
            }
            catch (OperationCanceledException) when (cancellation.IsCancellationRequested)
            {
                return;
            }
            catch (Exception e) when (e is DownloadException or HttpRequestException or IOException or UnauthorizedAccessException or UriFormatException)
            {
                failures++;
                var (problem, mayPass) = DownloadProblem.Of(e);
                var isOver = failures >= Budget || !mayPass;
                var pause = _backoff.Delay(failures);
                problem = problem with { Message = problem.Message + Text($" (attempt {failures}{(isOver ? "" : $" of {Budget}, the next in {pause.TotalSeconds:0.#} s")})") };
                logger.LogWarning("{Bfb}: {Message}", key, problem.Message);
                Say(bfb, key, state = state with { IsOver = isOver, Problem = problem, At = time.GetUtcNow() });
                if (isOver)
                {
                    return;
                }

                await Task.Delay(pause, time, cancellation).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            }
        }
    }

    private static string Text(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);

    private void Say(Bfb bfb, NamespacedName key, DownloadState state)
    {
        _states[bfb.Metadata.Uid] = state;
        Changed?.Invoke(key);
    }
}
