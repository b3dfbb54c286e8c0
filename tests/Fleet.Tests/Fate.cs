using Dpf.Fleet.Clusters;

namespace Dpf.Fleet.Tests;

/// <summary>What happens to a world, drawn from a seed: processes are killed, API servers go away and come back.</summary>
internal sealed class Fate(FleetWorld world, int seed)
{
    private const int Blows = 12;
    private readonly Random _random = new(seed);

    /// <summary>Begins something, strikes while it goes on, and waits for its end.</summary>
    public async Task DuringAsync(Func<Task> begin, Func<Task<IEnumerable<string>>> left, TimeSpan patience, CancellationToken cancellation)
    {
        await begin();
        for (var blow = 0; blow < Blows; blow++)
        {
            await PauseAsync(0, 400, cancellation);
            await StrikeAsync(cancellation);
        }

        await world.UntilAsync(left, cancellation, patience);
    }

    private async Task StrikeAsync(CancellationToken cancellation)
    {
        switch (_random.Next(10))
        {
            case 0:
                await RestartAsync(world.Management, 0, 300, cancellation);
                break;
            case 1:
                // Longer than any lease: these last 6 s, which is 0.6 s of this world's clock.
                await RestartAsync(world.DpuClusters[_random.Next(world.DpuClusters.Count)], 700, 1500, cancellation);
                break;
            default:
                var process = world.Processes[_random.Next(world.Processes.Count)];
                await process.KillAsync();
                await PauseAsync(0, 200, cancellation);
                process.Start();
                break;
        }
    }

    private async Task RestartAsync(FleetCluster cluster, int least, int most, CancellationToken cancellation)
    {
        await cluster.StopAsync();
        await PauseAsync(least, most, cancellation);
        await cluster.ResumeAsync(cancellation);
    }

    private Task PauseAsync(int least, int most, CancellationToken cancellation) =>
        Task.Delay(TimeSpan.FromMilliseconds(_random.Next(least, most)), TimeProvider.System, cancellation);
}
