namespace Dpf.Provisioning.Bfbs;

/// <summary>How a BFB's download goes.</summary>
internal sealed record DownloadState
{
    private static readonly TimeSpan FirstPause = TimeSpan.FromMinutes(5);
    private static readonly TimeSpan LongestPause = TimeSpan.FromHours(1);

    // Far beyond the longest pause, and no overflow.
    private const int MostDoublings = 10;

    /// <summary>Whether it is over.</summary>
    public bool IsOver { get; init; }

    /// <summary>What went wrong last; null when nothing did.</summary>
    public DownloadProblem? Problem { get; init; }

    /// <summary>When it was over.</summary>
    public DateTimeOffset At { get; init; }

    /// <summary>What came; null before it has.</summary>
    public BootStreamContent? Content { get; init; }

    /// <summary>What it does now, for people.</summary>
    public string Doing { get; init; } = "";

    /// <summary>Whether it only reads a file that is there.</summary>
    public bool IsCheck { get; init; }

    /// <summary>How many downloads of this BFB, with all their attempts, or looks at its file have failed before.</summary>
    public int Rounds { get; init; }

    /// <summary>What it was begun for: the checksum that is wanted, and of a check which file it reads.</summary>
    public string Basis { get; init; } = "";

    /// <summary>When one that failed is begun again: after a pause, which grows.</summary>
    public DateTimeOffset Next => At + (FirstPause * Math.Pow(2, Math.Min(Rounds, MostDoublings)) is var pause && pause < LongestPause ? pause : LongestPause);

    /// <summary>Whether it failed, and would fail again for all that is known now.</summary>
    /// <param name="basis">What it would be begun for.</param>
    /// <param name="now">The time.</param>
    public bool Holds(string basis, DateTimeOffset now) => IsOver && Problem is not null && Basis == basis && now < Next;
}
