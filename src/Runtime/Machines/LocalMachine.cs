namespace Dpf.Runtime.Machines;

/// <summary>The machine that this process runs on.</summary>
public sealed class LocalMachine : IMachine
{
    /// <inheritdoc />
    public string HostName => Environment.MachineName;

    /// <inheritdoc />
    public INetworkNamespace Network => NetworkNamespace.OfThisProcess;

    /// <inheritdoc />
    public string Path(string absolutePath) => absolutePath;

    /// <inheritdoc />
    public INetworkNamespace NetworkAt(string absolutePath) => new NetworkNamespace(() => absolutePath);

    /// <inheritdoc />
    public Task<CommandResult> RunAsync(MachineCommand command, CancellationToken cancellation) =>
        MachineProcess.RunAsync(Arguments(command), command, cancellation);

    /// <inheritdoc />
    public IMachineProcess Start(MachineCommand command) => MachineProcess.Start(Arguments(command), command, command.LogPath);

    private static IReadOnlyList<string> Arguments(MachineCommand command) => command.NetworkNamespace is { } network
        ? ["nsenter", "--net=" + network, "--", .. command.Arguments]
        : command.Arguments;
}
