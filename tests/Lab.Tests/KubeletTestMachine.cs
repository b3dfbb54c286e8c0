using System.Diagnostics;
using System.Net.Sockets;
using System.Runtime.InteropServices;
using Dpf.Runtime.Machines;

namespace Dpf.Lab.Tests;

/// <summary>A machine for the kubelet's tests: namespaces of its own over an overlay of the host's root.</summary>
internal sealed class KubeletTestMachine : IMachine, IAsyncDisposable
{
    private const string Boot =
        """
        set -e
        M=$1; mkdir -p $M/upper $M/work $M/root
        mount --make-rprivate /
        mount -t overlay overlay -o lowerdir=/,upperdir=$M/upper,workdir=$M/work $M/root
        cd $M/root
        mount -t proc proc proc; mount -t sysfs sys sys; mount --rbind /dev dev; mount -t tmpfs tmpfs run; mount -t tmpfs tmpfs tmp
        mkdir -p old; pivot_root . old; umount -l /old
        hostname test; ip link set lo up; touch /run/booted
        exec sleep infinity
        """;

    private readonly Process _init;
    private readonly int _pid;
    private readonly string _folder;

    private KubeletTestMachine(Process init, int pid, string folder) => (_init, _pid, _folder) = (init, pid, folder);

    public string HostName => "test";

    public INetworkNamespace Network => new Namespace($"/proc/{_pid}/ns/net");

    public static async Task<KubeletTestMachine> BootAsync(CancellationToken cancellation)
    {
        var folder = Directory.CreateTempSubdirectory("dpf-kubelet-").FullName;
        var start = new ProcessStartInfo("unshare", ["-m", "-u", "-i", "-p", "-n", "--fork", "--kill-child", "bash", "-c", Boot, "boot", folder]);
        var init = Process.Start(start)!;
        while (true)
        {
            await Task.Delay(TimeSpan.FromMilliseconds(20), TimeProvider.System, cancellation);
            var children = await File.ReadAllTextAsync($"/proc/{init.Id}/task/{init.Id}/children", cancellation);
            if (int.TryParse(children.Trim(), out var pid) && File.Exists($"/proc/{pid}/root/run/booted"))
            {
                return new KubeletTestMachine(init, pid, folder);
            }
        }
    }

    public string Path(string absolutePath) => $"/proc/{_pid}/root{absolutePath}";

    public INetworkNamespace NetworkAt(string absolutePath) => new Namespace(Path(absolutePath));

    public async Task<CommandResult> RunAsync(MachineCommand command, CancellationToken cancellation)
    {
        using var process = Process.Start(StartInfo(command))!;
        var output = process.StandardOutput.ReadToEndAsync(cancellation);
        var error = process.StandardError.ReadToEndAsync(cancellation);
        await process.StandardInput.WriteAsync(command.Input);
        process.StandardInput.Close();
        await process.WaitForExitAsync(cancellation);
        return new CommandResult(process.ExitCode, await output, await error);
    }

    public IMachineProcess Start(MachineCommand command)
    {
        var log = command.LogPath;
        var wrapped = log is null ? command : command with { Arguments = ["sh", "-c", "log=$1; shift; exec \"$@\" >>\"$log\" 2>&1", "sh", log, .. command.Arguments] };
        return new Running(Process.Start(StartInfo(wrapped))!);
    }

    public async ValueTask DisposeAsync()
    {
        _init.Kill(entireProcessTree: true);
        await _init.WaitForExitAsync();
        _init.Dispose();
        Directory.Delete(_folder, recursive: true);
    }

    private ProcessStartInfo StartInfo(MachineCommand command)
    {
        List<string> words = ["-t", _pid.ToString(), "-m", "-u", "-i", "-n", "-p", "--root", "--wdns=/"];
        if (command.NetworkNamespace is { } network)
        {
            words.AddRange(["--", "nsenter", "--net=" + network]);
        }

        words.AddRange(["--", "env", .. command.Environment.Select(e => $"{e.Key}={e.Value}"), .. command.Arguments]);
        return new ProcessStartInfo("nsenter", words) { UseShellExecute = false, RedirectStandardInput = true, RedirectStandardOutput = true, RedirectStandardError = true };
    }

    private sealed class Running : IMachineProcess
    {
        private readonly Process _process;

        public Running(Process process)
        {
            _process = process;
            Exited = WaitAsync();
        }

        public int Id => _process.Id;

        public Task<int> Exited { get; }

        public Stream StandardInput => _process.StandardInput.BaseStream;

        public Stream StandardOutput => _process.StandardOutput.BaseStream;

        public Stream StandardError => _process.StandardError.BaseStream;

        public async ValueTask DisposeAsync()
        {
            if (!_process.HasExited)
            {
                _process.Kill(entireProcessTree: true);
            }

            await Exited;
            _process.Dispose();
        }

        private async Task<int> WaitAsync()
        {
            await _process.WaitForExitAsync();
            return _process.ExitCode;
        }
    }

    private sealed class Namespace(string path) : INetworkNamespace
    {
        public string Path => path;

        public Socket CreateSocket(AddressFamily family, SocketType type, ProtocolType protocol)
        {
            Socket? made = null;
            var thread = new Thread(() =>
            {
                using var handle = File.OpenHandle(path);
                if (SetNamespace(handle.DangerousGetHandle().ToInt32(), 0) == 0)
                {
                    made = new Socket(family, type, protocol);
                }
            });
            thread.Start();
            thread.Join();
            return made ?? throw new IOException($"{path}: cannot be entered");
        }
    }

    [DllImport("libc", EntryPoint = "setns", SetLastError = true)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static extern int SetNamespace(int descriptor, int type);
}
