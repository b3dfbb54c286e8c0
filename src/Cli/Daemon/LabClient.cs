using System.Diagnostics;
using System.Net.Http.Json;
using Dpf.Cli.Commands;
using Dpf.Runtime.Machines;

namespace Dpf.Cli.Daemon;

/// <summary>Talks to the lab's daemon over its socket, and starts it.</summary>
public sealed class LabClient : IDisposable
{
    private readonly LabPaths _paths;
    private readonly HttpClient _http;

    /// <summary>A client for a lab, whether it runs or not.</summary>
    public LabClient(LabPaths paths)
    {
        _paths = paths;
        _http = new HttpClient(new SocketsHttpHandler
        {
            ConnectCallback = (_, stop) => Dialing.UnixAsync(paths.Socket, stop),
        })
        { BaseAddress = new Uri("http://lab"), Timeout = TimeSpan.FromMinutes(2) };
    }

    /// <summary>The daemon's status; null when none answers.</summary>
    public async Task<LabStatus?> StatusAsync(CancellationToken cancellation)
    {
        try
        {
            return await _http.GetFromJsonAsync<LabStatus>("/status", cancellation);
        }
        catch (Exception e) when (e is HttpRequestException or IOException)
        {
            return null;
        }
    }

    /// <summary>Joins the workers to the cluster, as the guide's step 6 asks of its user.</summary>
    public async Task AddWorkersAsync(CancellationToken cancellation) => await PostAsync("/workers", cancellation);

    /// <summary>Reboots a machine of the lab; returns when it has power again.</summary>
    public async Task RebootAsync(string machine, CancellationToken cancellation) =>
        await PostAsync("/reboot?machine=" + Uri.EscapeDataString(machine), cancellation);

    /// <summary>Asks the daemon to take everything down and end.</summary>
    public async Task StopAsync(CancellationToken cancellation) => await PostAsync("/stop", cancellation);

    /// <summary>Starts the daemon, detached from this terminal.</summary>
    public static void Start(LabPaths paths, LabShape shape)
    {
        Directory.CreateDirectory(paths.Root, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
        var start = new ProcessStartInfo("setsid")
        {
            UseShellExecute = false,
            RedirectStandardInput = true,
            RedirectStandardOutput = false,
            WorkingDirectory = "/",
        };
        var self = Path.Combine(AppContext.BaseDirectory, "Dpf.Cli.dll");
        string[] words =
        [
            "sh", "-c", "exec \"$0\" \"$@\" >>\"$DPF_LAB_LOG\" 2>&1 </dev/null &", Environment.ProcessPath!, self, "lab", "serve",
            "--state", paths.Root, "--workers", shape.Workers.ToString(System.Globalization.CultureInfo.InvariantCulture),
            "--isolated", shape.IsIsolated ? "true" : "false", .. shape.Image is { } image ? (string[])["--image", image] : [],
        ];
        foreach (var word in words)
        {
            start.ArgumentList.Add(word);
        }

        start.Environment["DPF_LAB_LOG"] = paths.Log;
        start.Environment[Lab.Machines.Machine.Marker] = paths.Root;
        using var process = Process.Start(start) ?? throw new UserErrorException("the lab's daemon did not start");
        process.StandardInput.Close();
        process.WaitForExit();
    }

    /// <inheritdoc />
    public void Dispose() => _http.Dispose();

    private async Task PostAsync(string path, CancellationToken cancellation)
    {
        using var response = await _http.PostAsync(path, null, cancellation);
        if (!response.IsSuccessStatusCode)
        {
            throw new UserErrorException($"the lab says: {await response.Content.ReadAsStringAsync(cancellation)} (see {_paths.Log})");
        }
    }
}
