namespace Dpf.Scenarios.Tests;

/// <summary>Looks at what takes a while to become so.</summary>
internal static class Until
{
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(300);

    /// <summary>Looks until it sees what is expected; fails with what it saw last.</summary>
    /// <param name="expected">What should be seen, in lines.</param>
    /// <param name="look">Looks once.</param>
    /// <param name="tries">How often it looks.</param>
    public static async Task SeesAsync(string expected, Func<Task<string>> look, int tries = 40)
    {
        var seen = "";
        for (var i = 0; i < tries && (seen = await look()) != expected; i++)
        {
            await Task.Delay(Pause, TimeProvider.System, TestContext.Current.CancellationToken);
        }

        Assert.Equal(expected.Split('\n'), seen.Split('\n'));
    }
}
