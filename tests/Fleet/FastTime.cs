namespace Dpf.Fleet;

/// <summary>
/// A clock that runs a whole factor faster than the real one, so that leases expire and back-offs end in a fraction of the time.
/// It starts as far behind as it can gain: what it calls now is never later than what certificates are checked by.
/// </summary>
internal sealed class FastTime(int factor) : TimeProvider
{
    private static readonly TimeSpan Lead = TimeSpan.FromHours(6);
    private readonly DateTimeOffset _start = System.GetUtcNow() - Lead;
    private readonly long _began = System.GetTimestamp();

    /// <inheritdoc />
    public override long TimestampFrequency => System.TimestampFrequency;

    /// <inheritdoc />
    public override DateTimeOffset GetUtcNow() => _start + (System.GetElapsedTime(_began) * factor);

    /// <inheritdoc />
    public override long GetTimestamp() => (System.GetTimestamp() - _began) * factor;

    /// <inheritdoc />
    public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period) =>
        new FastTimer(System.CreateTimer(callback, state, Real(dueTime), Real(period)), this);

    private TimeSpan Real(TimeSpan span) => span > TimeSpan.Zero ? span / factor : span;

    private sealed class FastTimer(ITimer timer, FastTime time) : ITimer
    {
        public bool Change(TimeSpan dueTime, TimeSpan period) => timer.Change(time.Real(dueTime), time.Real(period));

        public void Dispose() => timer.Dispose();

        public ValueTask DisposeAsync() => timer.DisposeAsync();
    }
}
