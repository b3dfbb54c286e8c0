using Dpf.Lab.Kubelet.Networking;
using Dpf.Lab.Machines;
using Dpf.Runtime.Machines;

namespace Dpf.Lab.Kubelet.Containers;

/// <summary>A container of real processes: runc on an overlay of its root file system, which is the machine's unless it has an image.</summary>
internal sealed class RuncContainer : IRunningContainer
{
    private const string Root = "/run/runc";
    private const string TerminationLog = "termination-log";
    private const int LongestMessage = 4096;

    // Of a log less: so many octets, so many lines.
    private const int LongestLog = 2048;
    private const int LastLines = 80;

    // The mounts live in a mount namespace of runc's own and go with it. A machine has no cgroup mounts; runc wants some.
    private const string Prepare =
        """
        set -e
        mkdir -p /sys/fs/cgroup 2>/dev/null || :
        if ! grep -q ' /sys/fs/cgroup' /proc/self/mountinfo; then
          mount -t tmpfs tmpfs /sys/fs/cgroup
          found=
          for c in devices freezer pids memory cpu; do
            mkdir -p /sys/fs/cgroup/$c
            mount -t cgroup -o $c cgroup /sys/fs/cgroup/$c 2>/dev/null && found=1 || rmdir /sys/fs/cgroup/$c
          done
          [ -n "$found" ] || mount -t cgroup2 cgroup2 /sys/fs/cgroup
        fi
        """;

    private const string Run = Prepare +
        $$"""

        cd "$1"
        mkdir -p rootfs upper work
        mount -t overlay overlay -o "lowerdir=$4,upperdir=$1/upper,workdir=$1/work" "$1/rootfs"
        code=0
        runc --root "$2" run --keep --bundle "$1" "$3" || code=$?
        cat /sys/fs/cgroup/memory{{Machine.ControlGroups}}/"$3"/memory.oom_control /sys/fs/cgroup{{Machine.ControlGroups}}/"$3"/memory.events >"$1"/memory 2>/dev/null || :
        runc --root "$2" delete --force "$3" || :
        exit $code
        """;

    private const string Runc = Prepare + "\nexec runc --root \"$@\"";

    private readonly NodeContext _node;
    private readonly ContainerPlan _plan;
    private readonly string _bundle;
    private readonly IMachineProcess _process;

    private RuncContainer(NodeContext node, ContainerPlan plan, string bundle)
    {
        (_node, _plan, _bundle) = (node, plan, bundle);
        _process = node.Machine.Start(
            new MachineCommand("unshare", "--mount", "--propagation", "slave", "sh", "-c", Run, "sh", bundle, Root, plan.Id, plan.Root)
            {
                LogPath = plan.LogPath,
            });
    }

    /// <inheritdoc />
    public Task<int> Exited => _process.Exited;

    /// <inheritdoc />
    public string? TerminationMessage =>
        Text(TerminationLog) is { Length: > 0 } words ? words
        : _plan.Container.TerminationMessagePolicy == "FallbackToLogsOnError" && Exited is { IsCompletedSuccessfully: true, Result: not 0 } &&
            LastOfLog() is { Length: > 0 } log ? log
        : null;

    /// <inheritdoc />
    public bool WasOutOfMemory => Text("memory").Split('\n').Any(l => l.StartsWith("oom_kill ", StringComparison.Ordinal) && l != "oom_kill 0");

    /// <summary>Starts a container.</summary>
    public static RuncContainer Start(NodeContext node, ContainerPlan plan)
    {
        var bundle = "/run/dpf-containers/" + plan.Id;
        var folder = node.Machine.Path(bundle);
        Directory.CreateDirectory(folder, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
        Directory.CreateDirectory(Path.GetDirectoryName(node.Machine.Path(plan.LogPath))!);
        Dictionary<string, string> files = [];
        if (plan.NetworkPath is not null)
        {
            File.WriteAllText(Path.Combine(folder, "hosts"), $"127.0.0.1\tlocalhost\n::1\tlocalhost\n127.0.1.1\t{plan.Pod.Metadata.Name}\n");
            File.WriteAllText(Path.Combine(folder, "hostname"), plan.Pod.Metadata.Name + "\n");
            files["/etc/hosts"] = bundle + "/hosts";
            files["/etc/hostname"] = bundle + "/hostname";
        }

        if (PodResolver.Text(plan.Pod, node.Options.ClusterDns, node.Options.ClusterDomain) is { } resolver)
        {
            File.WriteAllText(Path.Combine(folder, "resolv.conf"), resolver);
            files["/etc/resolv.conf"] = bundle + "/resolv.conf";
        }

        // A privileged container has the machine's own /dev, where nothing is left.
        if (plan.Container.TerminationMessagePath is { Length: > 0 } last &&
            !(plan.Container.SecurityContext?.Privileged == true && last.StartsWith("/dev/", StringComparison.Ordinal)))
        {
            var log = Path.Combine(folder, TerminationLog);
            File.WriteAllText(log, "");
            File.SetUnixFileMode(
                log,
                UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.GroupRead | UnixFileMode.GroupWrite | UnixFileMode.OtherRead | UnixFileMode.OtherWrite);
            files[last] = $"{bundle}/{TerminationLog}";
        }

        File.WriteAllText(Path.Combine(folder, "config.json"), RuncConfig.Build(plan, files, LinuxCapabilities.Held).ToJsonString());
        return new RuncContainer(node, plan, bundle);
    }

    /// <summary>A command, with a terminal of its own if asked for.</summary>
    public static IReadOnlyList<string> Terminal(IReadOnlyList<string> command, bool terminal) =>
        terminal ? ["script", "--quiet", "--return", "--command", string.Join(' ', command.Select(Quote)), "/dev/null"] : command;

    /// <inheritdoc />
    public async Task StopAsync(TimeSpan grace)
    {
        if (!Exited.IsCompleted && grace > TimeSpan.Zero)
        {
            await RuncAsync("kill", _plan.Id, "TERM");
            try
            {
                await Exited.WaitAsync(grace, _node.Time);
                return;
            }
            catch (TimeoutException)
            {
                // It had its time.
            }
        }

        if (!Exited.IsCompleted)
        {
            await RuncAsync("kill", _plan.Id, "KILL");
            try
            {
                await Exited.WaitAsync(TimeSpan.FromSeconds(5), _node.Time);
            }
            catch (TimeoutException)
            {
                // Disposing ends runc itself.
            }
        }
    }

    /// <inheritdoc />
    public MachineCommand Exec(IReadOnlyList<string> command, bool terminal)
    {
        var inside = Terminal(command, terminal);
        return new MachineCommand(["unshare", "--mount", "--propagation", "slave", "sh", "-c", Runc, "sh", Root, "exec", _plan.Id, .. inside]);
    }

    /// <inheritdoc />
    public async ValueTask DisposeAsync()
    {
        await StopAsync(TimeSpan.Zero);
        await _process.DisposeAsync();
        try
        {
            var folder = _node.Machine.Path(_bundle);
            if (Directory.Exists(folder))
            {
                Directory.Delete(folder, recursive: true);
            }
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            // The folder is in memory and goes with the machine.
        }
    }

    private string Text(string file)
    {
        try
        {
            return File.ReadAllText(Path.Combine(_node.Machine.Path(_bundle), file)) is var text && text.Length > LongestMessage ? text[..LongestMessage] : text;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return "";
        }
    }

    private string LastOfLog()
    {
        try
        {
            using var log = new FileStream(_node.Machine.Path(_plan.LogPath), FileMode.Open, FileAccess.Read, FileShare.ReadWrite);
            log.Seek(-Math.Min(LongestLog, log.Length), SeekOrigin.End);
            using var reader = new StreamReader(log);
            var text = reader.ReadToEnd();
            var from = text.Length;
            for (var lines = 0; from > 0 && lines < LastLines; lines++)
            {
                from = text.LastIndexOf('\n', Math.Max(from - 2, 0)) + 1;
            }

            return text[from..];
        }
        catch (IOException)
        {
            return "";
        }
    }

    private static string Quote(string word) => "'" + word.Replace("'", @"'\''", StringComparison.Ordinal) + "'";

    private async Task RuncAsync(params IReadOnlyList<string> arguments)
    {
        using var limit = new CancellationTokenSource(TimeSpan.FromSeconds(10), _node.Time);
        try
        {
            await _node.Machine.RunAsync(
                new MachineCommand(["unshare", "--mount", "--propagation", "slave", "sh", "-c", Runc, "sh", Root, .. arguments]), limit.Token);
        }
        catch (OperationCanceledException)
        {
            // A machine that is going away does not answer.
        }
    }
}
