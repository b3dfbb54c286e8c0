using Dpf.Lab.Kubelet.Devices;
using Dpf.Runtime.Machines;
using k8s.Models;

namespace Dpf.Lab.Kubelet.Containers;

/// <summary>A running container, whatever runs it.</summary>
internal interface IRunningContainer : IAsyncDisposable
{
    /// <summary>Completes with the exit code.</summary>
    Task<int> Exited { get; }

    /// <summary>The last words of a container that failed, or null.</summary>
    string? TerminationMessage { get; }

    /// <summary>Whether a process of one that has ended was killed for taking more memory than its limit.</summary>
    bool WasOutOfMemory { get; }

    /// <summary>Asks it to end, and ends it when the grace is over.</summary>
    Task StopAsync(TimeSpan grace);

    /// <summary>The command for the machine that runs a command in the container.</summary>
    MachineCommand Exec(IReadOnlyList<string> command, bool terminal);
}

/// <summary>A mount of a container.</summary>
/// <param name="Target">The path in the container.</param>
/// <param name="Source">The path on the machine.</param>
/// <param name="ReadOnly">Whether it may only be read.</param>
/// <param name="SeesLater">Whether what is mounted below the source later appears in the container (HostToContainer).</param>
internal sealed record ContainerMount(string Target, string Source, bool ReadOnly, bool SeesLater = false);

/// <summary>Everything that a container is started from.</summary>
internal sealed record ContainerPlan
{
    public required string Id { get; init; }

    public required V1Pod Pod { get; init; }

    public required V1Container Container { get; init; }

    /// <summary>The command and its arguments, expanded.</summary>
    public required IReadOnlyList<string> Arguments { get; init; }

    public required IReadOnlyDictionary<string, string> Environment { get; init; }

    public required IReadOnlyList<ContainerMount> Mounts { get; init; }

    /// <summary>The folder on the machine whose files it starts with.</summary>
    public string Root { get; init; } = "/";

    public IReadOnlyList<DeviceNode> Devices { get; init; } = [];

    /// <summary>The pod's network namespace on the machine; null for the machine's own.</summary>
    public required string? NetworkPath { get; init; }

    /// <summary>The log's path on the machine.</summary>
    public required string LogPath { get; init; }

    /// <summary>The component's name when the command is <c>dpf run &lt;name&gt;</c>; else null.</summary>
    public string? Component => ComponentOf(Arguments);

    public static string? ComponentOf(IReadOnlyList<string> arguments) =>
        arguments is [var program, "run", var name, ..] && (program == "dpf" || program.EndsWith("/dpf", StringComparison.Ordinal)) ? name : null;
}
