namespace Dpf.Cli.Daemon;

/// <summary>What a user asks of a lab when it is built.</summary>
/// <param name="Workers">How many workers there are, each with a BlueField.</param>
/// <param name="IsIsolated">Whether the product's components run as containers of processes of their own.</param>
public sealed record LabShape(int Workers, bool IsIsolated);
