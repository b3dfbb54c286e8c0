using Dpf.Runtime.Hosting;
using Microsoft.Extensions.Logging;

namespace Dpf.Fleet.Processes;

/// <summary>A component that runs, is started again when it ends, and can be killed without a chance to say goodbye.</summary>
/// <param name="component">What runs.</param>
/// <param name="context">What it is given; its network is replaced.</param>
internal sealed class FleetProcess(IComponent component, ComponentContext context) : IAsyncDisposable
{
    private static readonly TimeSpan Pause = TimeSpan.FromSeconds(1);
    private readonly ILogger _logger = context.Loggers.CreateLogger(context.Name);
    private CancellationTokenSource _stop = new();
    private MortalNetwork _network = new();
    private Task _running = Task.CompletedTask;

    /// <summary>The component's name.</summary>
    public string Name => context.Name;

    /// <summary>How often it ended by itself.</summary>
    public int Crashes { get; private set; }

    /// <summary>Starts it.</summary>
    public void Start()
    {
        (_stop, _network) = (new CancellationTokenSource(), new MortalNetwork());
        var (given, stop) = (context with { Network = _network }, _stop.Token);
        _running = Task.Run(() => KeepAsync(given, stop), CancellationToken.None);
    }

    /// <summary>Kills it; what it has not sent by now nobody hears.</summary>
    public async Task KillAsync()
    {
        _network.Kill();
        await _stop.CancelAsync();
        await _running.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        _stop.Dispose();
    }

    public async ValueTask DisposeAsync() => await KillAsync();

    private async Task KeepAsync(ComponentContext given, CancellationToken stop)
    {
        while (!stop.IsCancellationRequested)
        {
            try
            {
                await component.RunAsync(given, stop);
            }
            catch (OperationCanceledException) when (stop.IsCancellationRequested)
            {
                return;
            }
            catch (Exception e) when (!stop.IsCancellationRequested)
            {
                Crashes++;
                _logger.LogError("{Name} ended: {Failure}", Name, e.Message);
            }

            await Task.Delay(Pause, given.Time, stop).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }
}
