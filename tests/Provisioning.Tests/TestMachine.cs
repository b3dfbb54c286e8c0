using Dpf.Lab.Machines;
using Dpf.Runtime.Hosting;
using Dpf.Runtime.Machines;
using Microsoft.Extensions.Logging.Abstractions;

namespace Dpf.Provisioning.Tests;

/// <summary>A simulated machine of the test's own, with a component on it. Needs root.</summary>
internal sealed class TestMachine : IAsyncDisposable
{
    private readonly string _state;
    private readonly Machine _machine;
    private readonly CancellationTokenSource _stop = new();
    private Task _running = Task.CompletedTask;

    private TestMachine(string state, Machine machine) => (_state, _machine) = (state, machine);

    public IMachine Machine => _machine;

    public static async Task<TestMachine> StartAsync(CancellationToken cancellation)
    {
        var state = Directory.CreateTempSubdirectory("dpf-host-").FullName;
        return new TestMachine(state, await Lab.Machines.Machine.StartAsync(state, "host", cancellation));
    }

    /// <summary>The context of a host-network pod's component.</summary>
    public ComponentContext Context(
        string name, IReadOnlyDictionary<string, string>? environment = null, IReadOnlyDictionary<string, string>? mounts = null,
        params IReadOnlyList<string> arguments) => new()
        {
            Name = name,
            Arguments = arguments,
            Environment = environment ?? new Dictionary<string, string>(),
            Machine = _machine,
            Network = _machine.Network,
            Mounts = mounts ?? new Dictionary<string, string>(),
            Loggers = NullLoggerFactory.Instance,
        };

    /// <summary>Runs a component until <see cref="StopAsync"/>.</summary>
    public void Run(IComponent component, ComponentContext context) => _running = Task.Run(() => component.RunAsync(context, _stop.Token));

    /// <summary>Ends the component.</summary>
    public async Task StopAsync()
    {
        await _stop.CancelAsync();
        await _running.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
    }

    public Task<string> ShellAsync(string script) => _machine.ExecuteAsync(TestContext.Current.CancellationToken, "bash", "-ec", script);

    /// <summary>Writes a file of the machine.</summary>
    public void Write(string path, string text)
    {
        var here = _machine.Path(path);
        Directory.CreateDirectory(Path.GetDirectoryName(here)!);
        File.WriteAllText(here, text);
    }

    /// <summary>A file's text; null when there is none.</summary>
    public string? Read(string path) => File.Exists(_machine.Path(path)) ? File.ReadAllText(_machine.Path(path)) : null;

    public async ValueTask DisposeAsync()
    {
        await StopAsync();
        await _machine.DisposeAsync();
        _stop.Dispose();

        // The kernel takes a moment to undo the mounts of a machine that ended.
        for (var attempt = 0; ; attempt++)
        {
            try
            {
                Directory.Delete(_state, recursive: true);
                return;
            }
            catch (IOException) when (attempt < 100)
            {
                await Task.Delay(TimeSpan.FromMilliseconds(50), TimeProvider.System, CancellationToken.None);
            }
        }
    }
}
