using System.Diagnostics;

namespace Dpf.Scenarios.Tests;

/// <summary>Looks at what takes a while to become so.</summary>
internal static class Until
{
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(300);
    private static readonly TimeSpan Usual = TimeSpan.FromSeconds(60);

    /// <summary>Looks until it sees what is expected; fails with what it saw last.</summary>
    /// <param name="expected">What should be seen, in lines.</param>
    /// <param name="look">Looks once.</param>
    /// <param name="patience">For how long it begins another look; a minute when nothing is said.</param>
    public static async Task SeesAsync(string expected, Func<Task<string>> look, TimeSpan? patience = null)
    {
        var watch = Stopwatch.StartNew();
        string seen;
        while ((seen = await look()) != expected && watch.Elapsed < (patience ?? Usual))
        {
            await Task.Delay(Pause, TimeProvider.System, TestContext.Current.CancellationToken);
        }

        if (seen != expected)
        {
            var (wanted, had) = (expected.Split('\n'), seen.Split('\n'));
            Assert.Fail($"after {watch.Elapsed.TotalSeconds:0} s\nmissing:\n{Lines(wanted.Except(had))}\nseen instead:\n{Lines(had.Except(wanted))}");
        }
    }

    private static string Lines(IEnumerable<string> lines) => string.Concat(lines.Select(l => $"  {l}\n"));
}
