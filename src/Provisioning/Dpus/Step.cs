namespace Dpf.Provisioning.Dpus;

/// <summary>What a phase's handler decided.</summary>
internal abstract record Step
{
    private Step()
    {
    }

    /// <summary>When to look again even without a change; null for not before one.</summary>
    public TimeSpan? After { get; init; }

    /// <summary>The phase is over: its condition is True.</summary>
    /// <param name="Message">The condition's message.</param>
    /// <param name="Reason">The condition's reason; null for the condition's own name.</param>
    public sealed record Advance(string Message = "", string? Reason = null) : Step;

    /// <summary>The phase goes on: its condition is False.</summary>
    /// <param name="Reason">What it waits for, as a word.</param>
    /// <param name="Message">What it waits for.</param>
    public sealed record Wait(string Reason, string Message) : Step
    {
        /// <summary>Whether this is not how things should go.</summary>
        public bool IsTrouble { get; init; }

        /// <summary>Whether it takes longer than it should: somebody has to look.</summary>
        public bool IsOverdue { get; init; }

        /// <summary>Whether it may take as long as it likes: it ends by itself, or it is a user's turn.</summary>
        public bool IsUnlimited { get; init; }

        /// <summary>Whether it waits for its turn: it is called stalled after a while, but fails nothing.</summary>
        public bool IsQueued { get; init; }

        /// <summary>When what is waited for began, if that was later than the phase.</summary>
        public DateTimeOffset? Since { get; init; }
    }

    /// <summary>The phase failed for good: its condition is False, the DPU is in phase Error.</summary>
    /// <param name="Reason">Why, as a word.</param>
    /// <param name="Message">Why, and what to do.</param>
    public sealed record Fail(string Reason, string Message) : Step;

    /// <summary>Goes on in a phase as if it had just begun.</summary>
    /// <param name="Phase">The phase.</param>
    public sealed record Resume(string Phase) : Step
    {
        /// <summary>Why in that phase, where it is not the one that failed.</summary>
        public string? Why { get; init; }
    }

    /// <summary>Everything stays as it is.</summary>
    public sealed record Rest : Step;

    /// <summary>The object is gone.</summary>
    public sealed record Gone : Step;
}
