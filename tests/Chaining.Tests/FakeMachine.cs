using Dpf.Runtime.Machines;

namespace Dpf.Chaining.Tests;

/// <summary>A machine whose files are in a folder, and whose commands do nothing, succeed and are remembered.</summary>
/// <param name="root">The folder.</param>
internal sealed class FakeMachine(string root = "/nonexistent") : IMachine
{
    /// <summary>What every command prints.</summary>
    public string Answer { get; init; } = "";

    /// <summary>The last command; null before the first.</summary>
    public MachineCommand? Asked { get; private set; }

    public string HostName => "dpu1";

    public INetworkNamespace Network => new LocalMachine().Network;

    public string Path(string absolutePath) => root + absolutePath;

    public INetworkNamespace NetworkAt(string absolutePath) => Network;

    public Task<CommandResult> RunAsync(MachineCommand command, CancellationToken cancellation)
    {
        Asked = command;
        return Task.FromResult(new CommandResult(0, Answer, ""));
    }

    public IMachineProcess Start(MachineCommand command) => throw new NotSupportedException();
}
