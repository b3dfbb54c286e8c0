namespace Dpf.Runtime.Hosting;

/// <summary>Parts that only make sense together: what runs on with half of them would only look whole.</summary>
public static class Together
{
    /// <summary>Runs parts, each on its own; the first that ends, or fails, ends all, and is what the caller sees.</summary>
    public static Task RunAsync(CancellationToken cancellation, params IEnumerable<Func<CancellationToken, Task>> parts) =>
        RunAsync(stop => parts.Select(part => Task.Run(() => part(stop), stop)), cancellation);

    /// <summary>The same with parts that are started all at once.</summary>
    public static async Task RunAsync(Func<CancellationToken, IEnumerable<Task>> start, CancellationToken cancellation)
    {
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        var running = new List<Task>();
        try
        {
            running.AddRange(start(stop.Token));
            await await Task.WhenAny(running).ConfigureAwait(false);
        }
        finally
        {
            await stop.CancelAsync().ConfigureAwait(false);
            await Task.WhenAll(running).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }
}
