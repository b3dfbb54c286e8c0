using Dpf.Lab.Kubelet;
using Dpf.Lab.Machines;

namespace Dpf.Lab.Topologies;

/// <summary>Keeps one node's kubelet running until it is stopped.</summary>
internal sealed class NodeRunner : IAsyncDisposable
{
    private readonly CancellationTokenSource _stop = new();
    private readonly Task _running;

    public NodeRunner(KubeletOptions options)
    {
        Options = options;
        _running = Task.Run(() => Supervision.KeepAsync(
            stop => new Kubelet.Kubelet(options).RunAsync(stop), options.Loggers.CreateLogger("kubelet " + options.NodeName), options.Time, _stop.Token));
    }

    /// <summary>What the kubelet was told; another one can be started with the same.</summary>
    public KubeletOptions Options { get; }

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        await _running;
        _stop.Dispose();
    }
}
