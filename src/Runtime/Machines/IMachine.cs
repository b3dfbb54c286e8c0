using System.Net.Sockets;

namespace Dpf.Runtime.Machines;

/// <summary>
/// One machine as a node agent sees it: its files, its processes and its network. The same agent runs on metal, in a
/// container and in the lab, because it reaches the machine through nothing else.
/// </summary>
public interface IMachine
{
    /// <summary>The machine's host name, e.g. <c>worker1</c>.</summary>
    string HostName { get; }

    /// <summary>
    /// Where this process finds the machine's absolute path <paramref name="absolutePath"/> (which may be under
    /// <c>/proc/&lt;pid&gt;/root</c>). Valid until the machine reboots; ask again rather than keep it. Good for files and
    /// for unix sockets.
    /// </summary>
    string Path(string absolutePath);

    /// <summary>The machine's own network: the namespace of its first process.</summary>
    INetworkNamespace Network { get; }

    /// <summary>Another network namespace of the machine, e.g. <c>/run/netns/cni-1234</c> (a path on the machine).</summary>
    INetworkNamespace NetworkAt(string absolutePath);

    /// <summary>Runs a command to its end. A non-zero exit is a result, not an exception.</summary>
    Task<CommandResult> RunAsync(MachineCommand command, CancellationToken cancellation);

    /// <summary>Starts a command that stays; the caller disposes it, which ends the process and its children.</summary>
    IMachineProcess Start(MachineCommand command);
}

/// <summary>A network namespace: where sockets are made.</summary>
public interface INetworkNamespace
{
    /// <summary>Makes a socket that lives in this namespace, whatever the namespace of the calling process.</summary>
    Socket CreateSocket(AddressFamily family, SocketType type, ProtocolType protocol);

    /// <summary>The path of the namespace as this process can open it (<c>/proc/&lt;pid&gt;/ns/net</c> or a bind mount).</summary>
    string Path { get; }
}

/// <summary>A command for a machine.</summary>
/// <param name="Arguments">Program and arguments; never passed through a shell.</param>
public sealed record MachineCommand(params IReadOnlyList<string> Arguments)
{
    /// <summary>Extra environment variables.</summary>
    public IReadOnlyDictionary<string, string> Environment { get; init; } = new Dictionary<string, string>();

    /// <summary>Whether the environment of this process is passed on too.</summary>
    public bool InheritsEnvironment { get; init; } = true;

    /// <summary>Text for standard input; null closes it.</summary>
    public string? Input { get; init; }

    /// <summary>A network namespace of the machine (absolute path on the machine) to run in; null for its own.</summary>
    public string? NetworkNamespace { get; init; }

    /// <summary>Where a started process appends standard output and error: an absolute path on the machine, or null.</summary>
    public string? LogPath { get; init; }

    /// <summary>Whether a started process gets its standard streams piped to <see cref="IMachineProcess"/>; excludes a log.</summary>
    public bool Piped { get; init; }

    /// <inheritdoc />
    public override string ToString() => string.Join(' ', Arguments);
}

/// <summary>What a command left behind.</summary>
/// <param name="ExitCode">Zero is success.</param>
/// <param name="Output">Standard output.</param>
/// <param name="Error">Standard error.</param>
public sealed record CommandResult(int ExitCode, string Output, string Error)
{
    /// <summary>Whether the command succeeded.</summary>
    public bool Succeeded => ExitCode == 0;
}

/// <summary>A running process of a machine.</summary>
public interface IMachineProcess : IAsyncDisposable
{
    /// <summary>The process id as this process sees it.</summary>
    int Id { get; }

    /// <summary>Completes with the exit code when the process has ended.</summary>
    Task<int> Exited { get; }

    /// <summary>Standard input of a <see cref="MachineCommand.Piped"/> process; closing it ends the input.</summary>
    Stream StandardInput => Stream.Null;

    /// <summary>Standard output of a <see cref="MachineCommand.Piped"/> process.</summary>
    Stream StandardOutput => Stream.Null;

    /// <summary>Standard error of a <see cref="MachineCommand.Piped"/> process.</summary>
    Stream StandardError => Stream.Null;
}

/// <summary>A command that had to succeed did not.</summary>
public sealed class MachineCommandException(string machine, MachineCommand command, CommandResult result) : Exception(
    $"{machine}: '{command}' exited with {result.ExitCode}: {(result.Error.Length > 0 ? result.Error : result.Output).Trim()}")
{
    /// <summary>What the command left behind.</summary>
    public CommandResult Result { get; } = result;
}

/// <summary>Shorthand for commands.</summary>
public static class MachineExtensions
{
    // Much happens at once: it is one reason to look.
    private static readonly TimeSpan Settling = TimeSpan.FromMilliseconds(200);
    private static readonly TimeSpan Retry = TimeSpan.FromMilliseconds(500);

    /// <summary>Runs a command that must succeed and returns its standard output.</summary>
    /// <exception cref="MachineCommandException">It exited with something but zero.</exception>
    public static async Task<string> ExecuteAsync(
        this IMachine machine, CancellationToken cancellation, params IReadOnlyList<string> arguments)
    {
        var command = new MachineCommand(arguments);
        var result = await machine.RunAsync(command, cancellation).ConfigureAwait(false);
        return result.Succeeded ? result.Output : throw new MachineCommandException(machine.HostName, command, result);
    }

    /// <summary>
    /// Runs a command that stays and tells whenever it prints something, until cancelled; begins it again when it ends. It has to begin by
    /// printing how things are: what changed before is then told too.
    /// </summary>
    public static async Task FollowAsync(
        this IMachine machine, MachineCommand command, Action told, TimeProvider time, CancellationToken cancellation)
    {
        while (true)
        {
            await using (var process = machine.Start(command with { Piped = true }))
            {
                await Task.WhenAll(ListenAsync(process.StandardOutput), ListenAsync(process.StandardError)).ConfigureAwait(false);
            }

            await Task.Delay(Retry, time, cancellation).ConfigureAwait(false);
        }

        async Task ListenAsync(Stream stream)
        {
            var buffer = new byte[65536];
            while (await stream.ReadAsync(buffer, cancellation).ConfigureAwait(false) > 0)
            {
                told();
                await Task.Delay(Settling, time, cancellation).ConfigureAwait(false);
            }
        }
    }
}
