using System.Text.Json;
using Dpf.Cli.Commands;
using Dpf.Cli.Composition;
using Dpf.Guide.Variables;
using Dpf.Lab.Fabric;
using Dpf.Lab.Kubelet;
using Dpf.Lab.Machines;
using Dpf.Lab.Topologies;
using Dpf.Runtime.Hosting;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace Dpf.Cli.Daemon;

/// <summary>The process that a lab lives in, and its control socket.</summary>
internal sealed class LabDaemon(LabPaths paths, LabShape shape, ILoggerFactory loggers, TimeProvider time)
{
    private readonly Lock _gate = new();
    private readonly List<LabStage> _stages = [];
    private readonly TaskCompletionSource _stop = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly IReadOnlyDictionary<string, string> _variables = LabVariables.Check();
    private string _stage = "Networks";
    private string? _failure;
    private bool _ready;
    private long _stageStart;
    private GuideLab? _lab;

    /// <summary>Runs until it is told to stop.</summary>
    public async Task RunAsync(CancellationToken cancellation)
    {
        await using var server = await ServeAsync(cancellation);
        await using var _ = cancellation.Register(() => _stop.TrySetResult());
        using var building = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        var build = Task.Run(() => BuildAsync(building.Token), CancellationToken.None);
        await _stop.Task;
        await building.CancelAsync();
        await build;
        if (_lab is not null)
        {
            await _lab.DisposeAsync();
        }
    }

    private async Task BuildAsync(CancellationToken cancellation)
    {
        _stageStart = time.GetTimestamp();
        try
        {
            if (shape.Image is { } image)
            {
                Machine.UseImage(paths.Root, image);
            }

            var self = Path.Combine(AppContext.BaseDirectory, "Dpf.Cli.dll");
            _lab = await GuideLab.StartAsync(
                new LabOptions
                {
                    StateRoot = paths.Root,
                    Workers = shape.Workers,
                    ChartsPaths = [Path.Combine(Home.Path, "deploy/charts"), Path.Combine(Home.Path, "deploy/stand-ins")],
                    Components = ComponentTable.ForLab,
                    Isolated = Isolated(),
                    ApiServerCommand = facts =>
                    [
                        Environment.ProcessPath!, self, "run", "apiserver", "--data", facts.DataPath, "--kubeconfig", facts.Kubeconfig, "--host",
                        facts.Host, "--port", facts.Port.ToString(System.Globalization.CultureInfo.InvariantCulture), "--service-cidr", facts.ServiceCidr,
                    ],
                    ServiceCidr = _variables["SERVICE_CIDR"],
                    IsDual = IsDual,
                    Loggers = loggers,
                    Time = time,
                },
                NextStage,
                cancellation);
            NextStage("ready");
            lock (_gate)
            {
                _ready = true;
            }
        }
        catch (OperationCanceledException) when (cancellation.IsCancellationRequested)
        {
            // Told to stop before it was built.
        }
        catch (Exception e)
        {
            loggers.CreateLogger("lab").LogError(e, "did not come up");
            lock (_gate)
            {
                _failure = e.Message;
            }
        }
    }

    // Without an image the machine's files take its place, with the program among them.
    private IsolatedComponents? Isolated() =>
        !shape.IsIsolated ? null
        : shape.Image is not null ? new IsolatedComponents(ComponentTable.IsOfProduct) { Root = Machine.Image }
        : new IsolatedComponents(ComponentTable.IsOfProduct)
        {
            Command = [Environment.ProcessPath!, Machine.Program + "/Dpf.Cli.dll"],
            Folders = [Machine.Program],
        };

    private void NextStage(string title)
    {
        lock (_gate)
        {
            if (title != _stage)
            {
                _stages.Add(new LabStage(_stage, time.GetElapsedTime(_stageStart).TotalSeconds));
                (_stage, _stageStart) = (title, time.GetTimestamp());
            }
        }
    }

    private bool IsDual => ClusterRanges.Read(_variables["POD_CIDR"]).IsDual;

    private LabStatus Status()
    {
        lock (_gate)
        {
            string[] outside = IsDual ? [LabAddresses.Outside, LabAddresses.OutsideSix] : [LabAddresses.Outside];
            return new LabStatus(Environment.ProcessId, _stage, _ready, _failure, shape, _variables, outside, [.. _stages]);
        }
    }

    private async Task<WebApplication> ServeAsync(CancellationToken cancellation)
    {
        var builder = EmbeddedWeb.CreateBuilder();
        builder.Services.AddRoutingCore();
        File.Delete(paths.Socket);
        builder.WebHost.UseKestrelCore().ConfigureKestrel(kestrel => kestrel.ListenUnixSocket(paths.Socket));
        var app = builder.Build();
        app.MapGet("/status", (RequestDelegate)(http => http.Response.WriteAsJsonAsync(Status(), JsonSerializerOptions.Web, http.RequestAborted)));
        app.MapPost("/workers", (RequestDelegate)AddWorkersAsync);
        app.MapPost("/reboot", (RequestDelegate)RebootAsync);
        app.MapPost("/stop", (RequestDelegate)(http =>
        {
            _stop.TrySetResult();
            return Task.CompletedTask;
        }));
        await app.StartAsync(cancellation);
        File.SetUnixFileMode(paths.Socket, UnixFileMode.UserRead | UnixFileMode.UserWrite);
        return app;
    }

    private async Task RebootAsync(HttpContext http)
    {
        try
        {
            if (await LabAsync(http) is { } lab)
            {
                await lab.RebootAsync(http.Request.Query["machine"].ToString(), http.RequestAborted);
            }
        }
        catch (ArgumentException e)
        {
            http.Response.StatusCode = StatusCodes.Status404NotFound;
            await http.Response.WriteAsync(e.Message, http.RequestAborted);
        }
    }

    private async Task AddWorkersAsync(HttpContext http)
    {
        if (await LabAsync(http) is { } lab)
        {
            await lab.AddWorkersAsync(http.RequestAborted);
        }
    }

    /// <summary>The lab once it is built; before that the request is refused.</summary>
    private async Task<GuideLab?> LabAsync(HttpContext http)
    {
        if (_ready && _lab is not null)
        {
            return _lab;
        }

        http.Response.StatusCode = StatusCodes.Status409Conflict;
        await http.Response.WriteAsync("not ready yet", http.RequestAborted);
        return null;
    }
}
