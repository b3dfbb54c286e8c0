using Dpf.Lab.Kubelet;
using Microsoft.Extensions.Logging;

namespace Dpf.Lab.Topologies;

/// <summary>Keeps one node's kubelet running until it is stopped.</summary>
internal sealed class NodeRunner : IAsyncDisposable
{
    private readonly CancellationTokenSource _stop = new();
    private readonly Task _running;

    public NodeRunner(KubeletOptions options)
    {
        Options = options;
        _running = Task.Run(RunAsync);
    }

    /// <summary>What the kubelet was told; another one can be started with the same.</summary>
    public KubeletOptions Options { get; }

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        await _running.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        _stop.Dispose();
    }

    private async Task RunAsync()
    {
        var logger = Options.Loggers.CreateLogger("kubelet " + Options.NodeName);
        while (!_stop.IsCancellationRequested)
        {
            try
            {
                await new Kubelet.Kubelet(Options).RunAsync(_stop.Token);
            }
            catch (Exception e) when (e is not OperationCanceledException)
            {
                logger.LogError(e, "ended; starting again");
                await Task.Delay(TimeSpan.FromMilliseconds(500), Options.Time, _stop.Token).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            }
        }
    }
}
