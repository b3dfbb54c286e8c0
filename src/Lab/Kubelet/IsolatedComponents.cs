namespace Dpf.Lab.Kubelet;

/// <summary>Components that run as a container runtime would run them: with their own processes, mounts and privileges.</summary>
/// <param name="Includes">Whether it runs a component, by its name.</param>
public sealed record IsolatedComponents(Func<string, bool> Includes)
{
    /// <summary>The folder of their root file system on the machine; the machine's own unless said.</summary>
    public string Root { get; init; } = "/";

    /// <summary>What they start for <c>dpf</c>.</summary>
    public IReadOnlyList<string> Command { get; init; } = ["dpf"];

    /// <summary>Folders of the machine that each has at the same place, to read.</summary>
    public IReadOnlyList<string> Folders { get; init; } = [];
}
