namespace Dpf.Guide.Steps;

/// <summary>One step of the guide.</summary>
/// <param name="Number">Its number, e.g. <c>5.1</c>.</param>
/// <param name="Title">Its heading.</param>
/// <param name="Commands">What it does: the guide's command lines.</param>
/// <param name="Verification">How the guide checks it: command lines that are run until they succeed.</param>
public sealed record GuideStep(string Number, string Title, IReadOnlyList<string> Commands, IReadOnlyList<string> Verification);

/// <summary>Something a user who waits wants to see.</summary>
/// <param name="Step">The step it belongs to.</param>
/// <param name="Kind">What happened.</param>
/// <param name="Text">The command, what is waited for, or what went wrong.</param>
/// <param name="Elapsed">Since the step began.</param>
public sealed record GuideProgress(GuideStep Step, GuideProgressKind Kind, string Text, TimeSpan Elapsed);

/// <summary>Kinds of progress.</summary>
public enum GuideProgressKind
{
    /// <summary>The step begins.</summary>
    Started,

    /// <summary>A command runs.</summary>
    Command,

    /// <summary>A verification is not true yet.</summary>
    Waiting,

    /// <summary>The step is done.</summary>
    Done,
}
