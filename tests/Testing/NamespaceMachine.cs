using System.Diagnostics;
using Dpf.Runtime.Machines;

namespace Dpf.Testing;

/// <summary>
/// A machine of the test's own: network, mounts and processes in namespaces that end with their first process; <c>/run</c>,
/// <c>/sys</c> and the agents' state are empty. Needs root.
/// </summary>
internal sealed class NamespaceMachine : IMachine, IAsyncDisposable
{
    private const string Boot = """
        mount -t tmpfs none /run && mkdir -p /run/netns && mount -t tmpfs none /sys && mkdir -p /sys/class/net /sys/bus/pci/devices &&
        mount -t tmpfs none /var/lib && ip link set lo up && sysctl -qw net.ipv6.conf.all.disable_ipv6=1 && echo up && exec sleep infinity
        """;

    private readonly Process _outer;
    private readonly int _init;

    private NamespaceMachine(Process outer, int init) => (_outer, _init) = (outer, init);

    public string HostName => "machine";

    public INetworkNamespace Network => new NetworkNamespace(() => $"/proc/{_init}/ns/net");

    public static async Task<NamespaceMachine> StartAsync(CancellationToken cancellation)
    {
        var outer = Process.Start(new ProcessStartInfo(
            "unshare", ["--net", "--mount", "--pid", "--fork", "--kill-child", "--mount-proc", "sh", "-c", Boot])
        {
            UseShellExecute = false, RedirectStandardOutput = true,
        })!;
        Assert.Equal("up", await outer.StandardOutput.ReadLineAsync(cancellation));
        return new NamespaceMachine(outer, int.Parse(File.ReadAllText($"/proc/{outer.Id}/task/{outer.Id}/children").Split(' ')[0]));
    }

    public string Path(string absolutePath) => $"/proc/{_init}/root{absolutePath}";

    public INetworkNamespace NetworkAt(string absolutePath) => new NetworkNamespace(() => Path(absolutePath));

    public Task<CommandResult> RunAsync(MachineCommand command, CancellationToken cancellation) =>
        MachineProcess.RunAsync(Arguments(command), command, cancellation);

    public IMachineProcess Start(MachineCommand command) => MachineProcess.Start(Arguments(command), command, null);

    /// <summary>Runs a line of a shell, which has to succeed.</summary>
    public Task<string> ShellAsync(string line, CancellationToken cancellation) => this.ExecuteAsync(cancellation, "sh", "-ec", line);

    public async ValueTask DisposeAsync()
    {
        _outer.Kill();
        await _outer.WaitForExitAsync();
        _outer.Dispose();
    }

    private IReadOnlyList<string> Arguments(MachineCommand command) =>
    [
        "nsenter", "--target", $"{_init}", "--mount", "--pid", "--root", "--wd",
        command.NetworkNamespace is { } network ? "--net=" + Path(network) : "--net", "--", .. command.Arguments,
    ];
}
