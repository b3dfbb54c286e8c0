using Dpf.Runtime.Hosting;
using Dpf.Runtime.Machines;
using Microsoft.Extensions.Logging;

namespace Dpf.Lab.Kubelet.Containers;

/// <summary>A container whose command is one of our components: it runs in this process.</summary>
internal sealed class ComponentContainer : IRunningContainer
{
    private const int Killed = 137;
    private readonly CancellationTokenSource _stop = new();
    private readonly TaskCompletionSource<int> _exited = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly ContainerPlan _plan;
    private readonly ContainerLog _log;
    private readonly TimeProvider _time;

    public ComponentContainer(NodeContext node, ContainerPlan plan, IComponent component)
    {
        (_plan, _time) = (plan, node.Time);
        _log = new ContainerLog(node.Machine.Path(plan.LogPath), node.Time);
        var context = new ComponentContext
        {
            Name = plan.Component!,
            Arguments = [.. plan.Arguments.Skip(3)],
            Environment = plan.Environment,
            Machine = node.Machine,
            Network = plan.NetworkPath is null ? node.Machine.Network : node.Machine.NetworkAt(plan.NetworkPath),
            Mounts = plan.Mounts.ToDictionary(m => m.Target, m => node.Machine.Path(m.Source).TrimEnd('/')),
            Loggers = _log,
            Time = node.Time,
        };
        _ = Task.Run(() => RunAsync(component, context), CancellationToken.None);
    }

    /// <inheritdoc />
    public Task<int> Exited => _exited.Task;

    /// <inheritdoc />
    public string? TerminationMessage { get; private set; }

    /// <inheritdoc />
    public bool WasOutOfMemory => false;

    /// <inheritdoc />
    public async Task StopAsync(TimeSpan grace)
    {
        await _stop.CancelAsync();
        try
        {
            // A component that does not heed its cancellation cannot be killed: it is left behind.
            await Exited.WaitAsync(grace < TimeSpan.FromSeconds(5) ? TimeSpan.FromSeconds(5) : grace, _time);
        }
        catch (TimeoutException)
        {
            _log.Write("E kubelet: the component has not ended in time");
            _exited.TrySetResult(Killed);
        }
    }

    /// <inheritdoc />
    public MachineCommand Exec(IReadOnlyList<string> command, bool terminal) => new(RuncContainer.Terminal(command, terminal))
    {
        Environment = _plan.Environment,
        NetworkNamespace = _plan.NetworkPath,
    };

    /// <inheritdoc />
    public async ValueTask DisposeAsync()
    {
        await StopAsync(TimeSpan.Zero);
        _log.Dispose();
        _stop.Dispose();
    }

    private async Task RunAsync(IComponent component, ComponentContext context)
    {
        var code = 0;
        try
        {
            await component.RunAsync(context, _stop.Token);
        }
        catch (OperationCanceledException) when (_stop.IsCancellationRequested)
        {
            // Ended as it was told to.
        }
        catch (Exception e)
        {
            code = 1;
            TerminationMessage = e.Message;
            _log.CreateLogger(context.Name).LogError(e, "{Message}", e.Message);
        }

        _exited.TrySetResult(code);
    }
}
