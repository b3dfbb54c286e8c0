namespace Dpf.Cli.Daemon;

/// <summary>What the daemon says of itself.</summary>
/// <param name="ProcessId">The daemon.</param>
/// <param name="Stage">What it is building now; <c>ready</c> when a guide can be walked.</param>
/// <param name="Ready">Whether a guide can be walked.</param>
/// <param name="Failure">Why it never will be; null while all is well.</param>
/// <param name="Shape">What the lab is built as.</param>
/// <param name="Variables">The guide's variables of this lab.</param>
/// <param name="Outside">Addresses outside the cluster, for the matrix: one of each family that pods have.</param>
/// <param name="Stages">Finished stages with their seconds.</param>
public sealed record LabStatus(
    int ProcessId, string Stage, bool Ready, string? Failure, LabShape Shape, IReadOnlyDictionary<string, string> Variables,
    IReadOnlyList<string> Outside, IReadOnlyList<LabStage> Stages);

/// <summary>A finished stage.</summary>
/// <param name="Title">What was built.</param>
/// <param name="Seconds">How long it took.</param>
public sealed record LabStage(string Title, double Seconds);
