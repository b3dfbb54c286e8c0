using System.Diagnostics;
using System.Net.Sockets;

namespace Dpf.Testing;

/// <summary>An ovsdb-server of the test's own with an empty database, gone when the test ends.</summary>
internal sealed class OvsdbServer : IAsyncDisposable
{
    private Process _process;

    private OvsdbServer(string folder, Process process) => (Folder, _process) = (folder, process);

    /// <summary>The folder with the database and the socket.</summary>
    public string Folder { get; }

    /// <summary>The socket.</summary>
    public string Socket => Path.Combine(Folder, "db.sock");

    /// <summary>Starts a server for the schema at a path.</summary>
    public static async Task<OvsdbServer> StartAsync(string schema, CancellationToken cancellation)
    {
        var folder = Directory.CreateTempSubdirectory("dpf-ovsdb-").FullName;
        var database = Path.Combine(folder, "db");
        using (var create = Start("ovsdb-tool", "create", database, schema))
        {
            await create.WaitForExitAsync(cancellation);
            Assert.Equal(0, create.ExitCode);
        }

        var server = new OvsdbServer(folder, Serve(folder));
        await server.ListensAsync(cancellation);
        return server;
    }

    /// <summary>Kills the server.</summary>
    public async Task KillAsync()
    {
        _process.Kill(entireProcessTree: true);
        await _process.WaitForExitAsync();
        File.Delete(Socket);
    }

    /// <summary>Starts the server again after <see cref="KillAsync"/>, with the database as it was.</summary>
    public async Task RestartAsync(CancellationToken cancellation)
    {
        _process.Dispose();
        _process = Serve(Folder);
        await ListensAsync(cancellation);
    }

    /// <summary>Runs a command and returns its output.</summary>
    public static async Task<string> RunAsync(CancellationToken cancellation, params string[] command)
    {
        using var process = Start(command[0], command[1..]);
        var output = await process.StandardOutput.ReadToEndAsync(cancellation);
        await process.WaitForExitAsync(cancellation);
        return process.ExitCode == 0
            ? output
            : throw new InvalidOperationException($"{string.Join(' ', command)}: {await process.StandardError.ReadToEndAsync(cancellation)}");
    }

    public async ValueTask DisposeAsync()
    {
        await KillAsync();
        _process.Dispose();
        Directory.Delete(Folder, recursive: true);
    }

    private static Process Serve(string folder) => Start(
        "ovsdb-server", Path.Combine(folder, "db"), $"--remote=punix:{folder}/db.sock", $"--unixctl={folder}/ctl", "-vconsole:off");

    /// <summary>Until somebody is let in: the socket's file is there a moment before.</summary>
    private async Task ListensAsync(CancellationToken cancellation)
    {
        while (!_process.HasExited)
        {
            using var probe = new System.Net.Sockets.Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
            try
            {
                await probe.ConnectAsync(new UnixDomainSocketEndPoint(Socket), cancellation);
                return;
            }
            catch (SocketException)
            {
                await Task.Delay(TimeSpan.FromMilliseconds(10), TimeProvider.System, cancellation);
            }
        }
    }

    /// <summary>Starts a command with its output captured.</summary>
    public static Process Start(string program, params string[] arguments) =>
        Process.Start(new ProcessStartInfo(program, arguments)
        {
            UseShellExecute = false,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        })!;
}
