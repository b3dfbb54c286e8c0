using System.Collections.Concurrent;
using Dpf.Runtime.Clusters;
using Microsoft.Extensions.Logging;

namespace Dpf.Provisioning.Dpus;

/// <summary>Something that takes longer than one look.</summary>
internal sealed class LongTask(CancellationTokenSource stop)
{
    /// <summary>What it does now, for people.</summary>
    public string Doing { get; set; } = "";

    /// <summary>Whether it goes on.</summary>
    public bool IsRunning { get; internal set; } = true;

    /// <summary>Why it failed; null while it goes on and when it went well.</summary>
    public string? Failure { get; internal set; }

    /// <summary>Why it was no attempt, as a word, if something else has to happen first; null when it was one.</summary>
    public string? TooEarly { get; internal set; }

    /// <summary>When it ended; a failed one is not tried again at once.</summary>
    public DateTimeOffset Ended { get; internal set; }

    internal CancellationTokenSource Stop { get; } = stop;

    internal Task Running { get; set; } = Task.CompletedTask;
}

/// <summary>
/// Work that goes on between looks, one piece a DPU. Nothing depends on it being remembered: whoever starts a piece can tell from
/// the API server and from DMS how far an earlier one came.
/// </summary>
/// <param name="time">The clock.</param>
/// <param name="logger">The log.</param>
internal sealed class LongTasks(TimeProvider time, ILogger logger) : IAsyncDisposable
{
    /// <summary>The card changes its mode when the power of its host is cycled.</summary>
    public const string ModeChangePending = "ModeChangePending";

    private readonly ConcurrentDictionary<string, LongTask> _tasks = new(StringComparer.Ordinal);

    /// <summary>Called when a piece has ended or says something new: look at this DPU.</summary>
    public event Action<NamespacedName>? Changed;

    /// <summary>A DPU's piece of work.</summary>
    /// <param name="uid">The DPU's incarnation.</param>
    public LongTask? Find(string uid) => _tasks.GetValueOrDefault(uid);

    /// <summary>Starts a piece; one that ended before is forgotten.</summary>
    /// <param name="uid">The DPU's incarnation.</param>
    /// <param name="key">The DPU.</param>
    /// <param name="work">The work; gets a way to say what it does.</param>
    public LongTask Start(string uid, NamespacedName key, Func<Action<string>, CancellationToken, Task> work)
    {
        var task = new LongTask(new CancellationTokenSource());
        _tasks[uid] = task;
        task.Running = Task.Run(() => RunAsync(task, key, work));
        return task;
    }

    /// <summary>Forgets a DPU's piece, which ends if it goes on.</summary>
    public async Task ForgetAsync(string uid)
    {
        if (_tasks.TryRemove(uid, out var task))
        {
            await task.Stop.CancelAsync();
            await task.Running;
            task.Stop.Dispose();
        }
    }

    /// <inheritdoc />
    public async ValueTask DisposeAsync()
    {
        foreach (var uid in _tasks.Keys)
        {
            await ForgetAsync(uid);
        }
    }

    private async Task RunAsync(LongTask task, NamespacedName key, Func<Action<string>, CancellationToken, Task> work)
    {
        try
        {
            await work(
                doing =>
                {
                    task.Doing = doing;
                    logger.LogInformation("{Dpu}: {Doing}", key, doing);
                    Changed?.Invoke(key);
                },
                task.Stop.Token);
        }
        catch (OperationCanceledException) when (task.Stop.IsCancellationRequested)
        {
            task.Failure = "cancelled";
        }
        catch (Exception e)
        {
            task.TooEarly = e switch
            {
                Dms.ModeChangeException => ModeChangePending,
                DpuClusterException => "DPUClusterClientGetError",
                HttpRequestException or TimeoutException => "APIServerUnreachable",
                _ => null,
            };
            task.Failure = e is Grpc.Core.RpcException rpc ? $"DMS: {rpc.Status.Detail} ({rpc.StatusCode})" : e.Message;
            logger.LogWarning("{Dpu}: {Failure}", key, task.Failure);
        }

        task.Ended = time.GetUtcNow();
        task.IsRunning = false;
        Changed?.Invoke(key);
    }
}
