using System.Diagnostics;

namespace Dpf.ZoneBench;

/// <summary>A real ovsdb-server with an empty database, gone at the end.</summary>
internal sealed class LocalDatabase : IDisposable
{
    private readonly string _folder;
    private readonly Process _server;

    private LocalDatabase(string folder)
    {
        _folder = folder;
        _server = Process.Start("ovsdb-server", [Path.Combine(folder, "db"), $"--remote=punix:{Socket}", $"--unixctl={folder}/ctl", "-vconsole:off"]);
    }

    /// <summary>Where it listens.</summary>
    public string Socket => Path.Combine(_folder, "db.sock");

    /// <summary>Starts one with a schema, prepared by a program's <c>init</c>.</summary>
    public static async Task<LocalDatabase> StartAsync(string schema, string control)
    {
        var folder = Directory.CreateTempSubdirectory("dpf-zone-bench-").FullName;
        await RunAsync("ovsdb-tool", "create", Path.Combine(folder, "db"), schema);
        var database = new LocalDatabase(folder);
        while (!File.Exists(database.Socket))
        {
            await Task.Delay(TimeSpan.FromMilliseconds(10), TimeProvider.System);
        }

        await RunAsync(control, $"--db=unix:{database.Socket}", "--timeout=10", "init");
        return database;
    }

    private static async Task RunAsync(string program, params string[] arguments)
    {
        using var process = Process.Start(program, arguments);
        await process.WaitForExitAsync();
    }

    public void Dispose()
    {
        _server.Kill();
        _server.WaitForExit();
        _server.Dispose();
        Directory.Delete(_folder, recursive: true);
    }
}
