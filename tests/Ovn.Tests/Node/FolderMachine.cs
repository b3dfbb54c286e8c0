using Dpf.Runtime.Machines;

namespace Dpf.Ovn.Tests.Node;

/// <summary>A machine whose files are in a folder of its own and whose network is the test's; it runs no commands.</summary>
internal sealed class FolderMachine : IMachine, INetworkNamespace, IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("m-").FullName;

    public string HostName => "worker1";

    public INetworkNamespace Network => this;

    string INetworkNamespace.Path => "/proc/self/ns/net";

    public string Path(string absolutePath) => _folder + absolutePath;

    public INetworkNamespace NetworkAt(string absolutePath) => this;

    // No namespace has to be entered, which only root may.
    public System.Net.Sockets.Socket CreateSocket(
        System.Net.Sockets.AddressFamily family, System.Net.Sockets.SocketType type, System.Net.Sockets.ProtocolType protocol) => new(family, type, protocol);

    public Task<CommandResult> RunAsync(MachineCommand command, CancellationToken cancellation) =>
        throw new NotSupportedException(command.ToString());

    public IMachineProcess Start(MachineCommand command) => throw new NotSupportedException(command.ToString());

    /// <summary>Writes a file.</summary>
    public void Write(string absolutePath, string text)
    {
        Directory.CreateDirectory(System.IO.Path.GetDirectoryName(Path(absolutePath))!);
        File.WriteAllText(Path(absolutePath), text);
    }

    public void Dispose() => Directory.Delete(_folder, recursive: true);
}
