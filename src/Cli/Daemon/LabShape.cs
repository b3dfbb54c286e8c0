namespace Dpf.Cli.Daemon;

/// <summary>What a lab is built as.</summary>
/// <param name="Workers">How many workers there are, each with a BlueField.</param>
/// <param name="IsIsolated">Whether the product's components run as containers of processes of their own.</param>
public sealed record LabShape(int Workers, bool IsIsolated)
{
    /// <summary>The lab of somebody who asks for nothing.</summary>
    public static LabShape Usual { get; } = new(2, false);
}

/// <summary>What a user asks of a lab; null for what was not said.</summary>
/// <param name="Workers">How many workers.</param>
/// <param name="IsIsolated">Whether components run as containers.</param>
public sealed record LabWish(int? Workers, bool? IsIsolated)
{
    /// <summary>The lab to build.</summary>
    public LabShape Shape => new(Workers ?? LabShape.Usual.Workers, IsIsolated ?? LabShape.Usual.IsIsolated);

    /// <summary>What a lab that runs already cannot become; null when it is as wished.</summary>
    public string? Unmet(LabShape running) =>
        Workers is { } workers && workers != running.Workers ? $"--workers {workers}: the lab that runs has {running.Workers}; run ./dpf down first"
        : IsIsolated is { } isolated && isolated != running.IsIsolated
            ? $"--isolated: the lab that runs was brought up {(running.IsIsolated ? "with" : "without")} it; run ./dpf down first"
        : null;
}
