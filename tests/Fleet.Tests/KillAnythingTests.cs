using System.Globalization;

namespace Dpf.Fleet.Tests;

/// <summary>
/// Ten DPUs in five hosts over two DPU clusters are provisioned, given a chain with addresses and a service, and taken back, while
/// everything is killed. <c>FLEET_SEEDS=100</c> runs a hundred fates instead of a few.
/// </summary>
public sealed class KillAnythingTests
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    public static TheoryData<int> Seeds()
    {
        var count = int.TryParse(Environment.GetEnvironmentVariable("FLEET_SEEDS"), CultureInfo.InvariantCulture, out var wanted) ? wanted : 2;
        var first = int.TryParse(Environment.GetEnvironmentVariable("FLEET_FIRST"), CultureInfo.InvariantCulture, out var from) ? from : 1;
        return [.. Enumerable.Range(first, count)];
    }

    private static async Task<IEnumerable<string>> DifferenceAsync(FleetWorld world, FleetOptions options)
    {
        var (expected, found) = (FinalState.Expected(options), await FinalState.OfAsync(world, Cancellation));
        return expected == found ? [] : [$"expected:\n{expected}\nfound:\n{found}"];
    }

    [Theory, MemberData(nameof(Seeds))]
    public async Task EveryFateEndsTheSame(int seed)
    {
        var time = new FastTime(10);
        var log = new RecentLines(400);
        var options = new FleetOptions
        {
            Dpus = 10, DpusPerHost = 2, Clusters = 2, Seed = seed, Time = time, Loggers = log, LostAnswers = 0.3,
            Installation = TimeSpan.FromSeconds(3),
        };
        await using var world = await FleetWorld.StartAsync(options, Cancellation);
        try
        {
            await world.SettleAsync(Cancellation);
            var fate = new Fate(world, seed);
            await fate.DuringAsync(
                () => world.DeployAsync(Cancellation), async () => await world.MissingAsync(Cancellation), Patience, Cancellation);

            // The last thing done to a host, taking its maintenance back, follows the readiness of its DPUs.
            await world.UntilAsync(() => DifferenceAsync(world, options), Cancellation, Patience);
            Assert.All(world.Machines.Cards, card => Assert.Equal(1, Assert.Single(card.Flashes).Value));

            await fate.DuringAsync(
                () => world.RemoveAsync(Cancellation), async () => await world.LeftAsync(Cancellation), Patience, Cancellation);
        }
        catch (Exception e)
        {
            throw new InvalidOperationException($"seed {seed}: {e.Message}\n{string.Join('\n', log.Lines)}", e);
        }
    }
}
