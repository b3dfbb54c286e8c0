using System.Diagnostics;
using System.Globalization;
using Dpf.Runtime.Machines;

namespace Dpf.Lab.Machines;

/// <summary>
/// A simulated machine: own mount, network, host name, IPC and process namespaces over an overlay of this machine's root. All of
/// it ends with its first process; nothing is pinned, so nothing can be forgotten.
/// </summary>
public sealed class Machine : IMachine, IAsyncDisposable
{
    private readonly string _state;
    private readonly string _folder;
    private Process? _outer;
    private int _init;

    private Machine(string state, string name) =>
        (_state, HostName, _folder) = (state, name, System.IO.Path.Combine(state, "machines", name));

    /// <summary>The variable that every process of a lab has in its environment: the lab's state folder.</summary>
    public const string Marker = "DPF_LAB";

    /// <summary>
    /// The folder of local volumes, whose paths are plain ones for the lab's process too: SQLite follows the links in a path itself and
    /// cannot pass <c>/proc/PID/root</c>.
    /// </summary>
    public const string Shared = "/opt/local-path-provisioner";

    /// <summary>Where every machine of a lab finds what the services host exports, as if it had mounted it.</summary>
    public const string Exports = "/run/" + ExportsName;

    /// <summary>The folder of the exports in the lab's state.</summary>
    public const string ExportsName = "nfs";

    /// <summary>Where every machine of a lab finds the program that the lab is, as its image would have it.</summary>
    public const string Program = "/usr/local/lib/dpf";

    /// <summary>Where every machine of a lab finds the files of the components' image, as if it had pulled it, when the lab has one.</summary>
    public const string Image = "/run/image";

    /// <inheritdoc />
    public string HostName { get; }

    /// <summary>Its first process, as this process sees it; 0 while it is off.</summary>
    public int ProcessId => _init;

    /// <summary>Whether it runs. Asked by many while somebody switches it off.</summary>
    public bool IsOn => _init is var init and not 0 && Directory.Exists(string.Create(CultureInfo.InvariantCulture, $"/proc/{init}/root/"));

    /// <inheritdoc />
    public INetworkNamespace Network => new NetworkNamespace(() => string.Create(CultureInfo.InvariantCulture, $"/proc/{_init}/ns/net"));

    /// <summary>The control groups of all containers, below the root of each hierarchy.</summary>
    public const string ControlGroups = "/dpf";

    /// <summary>Gives all machines of a lab that start from now on the files of an image (<see cref="Image"/>).</summary>
    /// <param name="state">The lab's state folder.</param>
    /// <param name="folder">The image's root file system.</param>
    public static void UseImage(string state, string folder) => File.CreateSymbolicLink(System.IO.Path.Combine(state, "image"), folder);

    /// <summary>Makes a machine and switches it on. What it writes to its disk stays until it is removed.</summary>
    /// <param name="state">The lab's state folder.</param>
    /// <param name="name">The host name.</param>
    /// <param name="cancellation">Gives up.</param>
    public static async Task<Machine> StartAsync(string state, string name, CancellationToken cancellation)
    {
        var machine = new Machine(state, name);
        await machine.SwitchOnAsync(cancellation);
        return machine;
    }

    /// <inheritdoc />
    public string Path(string absolutePath)
    {
        if (absolutePath.StartsWith(Shared + "/", StringComparison.Ordinal))
        {
            return _folder + absolutePath;
        }

        // /var/run is an absolute link: from here it would lead out of the machine.
        var inside = absolutePath == "/var/run" || absolutePath.StartsWith("/var/run/", StringComparison.Ordinal) ? absolutePath[4..] : absolutePath;
        return _init == 0
            ? throw new IOException($"{HostName} is switched off")
            : string.Create(CultureInfo.InvariantCulture, $"/proc/{_init}/root{inside}");
    }

    /// <inheritdoc />
    public INetworkNamespace NetworkAt(string absolutePath) => new NetworkNamespace(() => Path(absolutePath));

    /// <inheritdoc />
    public Task<CommandResult> RunAsync(MachineCommand command, CancellationToken cancellation) =>
        MachineProcess.RunAsync(Arguments(command), Here(command), cancellation);

    /// <inheritdoc />
    public IMachineProcess Start(MachineCommand command) => MachineProcess.Start(
        Arguments(command), Here(command), command.LogPath is { } log ? Path(log) : null);

    /// <summary>The devices in the machine's own network now; none while it is off.</summary>
    public IReadOnlySet<string> Devices()
    {
        try
        {
            return File.ReadLines(string.Create(CultureInfo.InvariantCulture, $"/proc/{_init}/net/dev"))
                .Where(l => l.Contains(':', StringComparison.Ordinal)).Select(l => l[..l.IndexOf(':', StringComparison.Ordinal)].Trim())
                .ToHashSet(StringComparer.Ordinal);
        }
        catch (IOException)
        {
            return new HashSet<string>();
        }
    }

    /// <summary>Switches the machine on: mounts its disk anew and starts its first process.</summary>
    /// <exception cref="InvalidOperationException">It did not start.</exception>
    public async Task SwitchOnAsync(CancellationToken cancellation)
    {
        foreach (var part in (string[])["upper", "work", "root"])
        {
            Directory.CreateDirectory(System.IO.Path.Combine(_folder, part));
        }

        // Left over from a machine that was killed: the kernel refuses a work folder that is in use or odd.
        var info = new ProcessStartInfo("unshare", ["--mount", "--net", "--uts", "--ipc", "--pid", "--fork", "--kill-child", "bash", "-c", BootScript, HostName, _folder])
        {
            UseShellExecute = false,
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            WorkingDirectory = "/",
        };
        info.Environment[Marker] = _state;
        info.Environment["DPF_PROGRAM"] = AppContext.BaseDirectory;
        info.Environment["PATH"] = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";
        info.Environment.Remove("KUBECONFIG");
        _outer = Process.Start(info)!;
        _outer.StandardInput.Close();
        if (await _outer.StandardOutput.ReadLineAsync(cancellation) != "up")
        {
            throw new InvalidOperationException($"machine {HostName} did not start: {(await _outer.StandardError.ReadToEndAsync(cancellation)).Trim()}");
        }

        _init = Child(_outer.Id);
    }

    /// <summary>Takes the power away: all its processes, its network and its mounts end at once.</summary>
    public async Task SwitchOffAsync()
    {
        if (_outer is { } outer)
        {
            if (!outer.HasExited)
            {
                using var init = Find(_init);
                init?.Kill();
                await outer.WaitForExitAsync();
            }

            (_outer, _init) = (null, 0);
            outer.Dispose();
        }
    }

    /// <summary>Empties the disk of a machine that is off.</summary>
    public void EraseDisk()
    {
        foreach (var part in (string[])["upper", "work", "root"])
        {
            var path = System.IO.Path.Combine(_folder, part);
            if (Directory.Exists(path))
            {
                Directory.Delete(path, recursive: true);
            }
        }
    }

    /// <inheritdoc />
    public async ValueTask DisposeAsync() => await SwitchOffAsync();

    private static Process? Find(int id)
    {
        try
        {
            return Process.GetProcessById(id);
        }
        catch (ArgumentException)
        {
            return null;
        }
    }

    private static int Child(int id) => int.Parse(
        File.ReadAllText(string.Create(CultureInfo.InvariantCulture, $"/proc/{id}/task/{id}/children")).Split(' ')[0],
        CultureInfo.InvariantCulture);

    private List<string> Arguments(MachineCommand command)
    {
        if (_init == 0)
        {
            throw new IOException($"{HostName} is switched off");
        }

        return
        [
            "nsenter", "--target", _init.ToString(CultureInfo.InvariantCulture), "--mount", "--uts", "--ipc", "--pid",
            command.NetworkNamespace is { } network ? "--net=" + Path(network) : "--net", "--root", "--wd", "--", .. command.Arguments,
        ];
    }

    /// <summary>The command with exactly the machine's own environment: not that of whoever runs the lab.</summary>
    private MachineCommand Here(MachineCommand command)
    {
        var environment = new Dictionary<string, string>(StringComparer.Ordinal)
        {
            ["PATH"] = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
            ["HOME"] = "/root",
            ["LANG"] = "C.UTF-8",
            [Marker] = _state,
        };
        foreach (var (name, value) in command.Environment)
        {
            environment[name] = value;
        }

        return command with { Environment = environment, InheritsEnvironment = false };
    }

    // $0 is the host name, $1 the folder; a user finds a machine by how this command line ends.
    private const string BootScript =
        """
        set -e
        mount --make-rprivate /
        mount -t overlay overlay -o "lowerdir=/,upperdir=$1/upper,workdir=$1/work" "$1/root"
        cd "$1/root"
        mount -t proc proc proc
        mount -t tmpfs -o mode=755 tmpfs run
        mount -t tmpfs tmpfs tmp
        chmod 1777 tmp
        mount --rbind /dev dev
        mkdir -p "$1/opt/local-path-provisioner" opt/local-path-provisioner
        mount --bind "$1/opt/local-path-provisioner" opt/local-path-provisioner
        mount -t tmpfs -o mode=755 tmpfs sys
        mkdir -p "$DPF_LAB/nfs" run/nfs usr/local/lib/dpf
        mount --bind "$DPF_LAB/nfs" run/nfs
        mount --bind "$DPF_PROGRAM" usr/local/lib/dpf
        mount -o remount,bind,ro usr/local/lib/dpf
        [ ! -e "$DPF_LAB/image" ] || { mkdir -p run/image; mount --bind "$DPF_LAB/image" run/image; }
        mkdir -p sys/class/net sys/bus/pci/devices sys/bus/pci/drivers sys/fs/cgroup sys/devices/system/cpu sys/kernel run/old run/netns run/lock
        mount --rbind /sys/fs/cgroup sys/fs/cgroup
        mount --rbind /sys/devices/system/cpu sys/devices/system/cpu 2>/dev/null || true
        cat /proc/sys/kernel/random/uuid > run/boot_id
        mount --bind run/boot_id proc/sys/kernel/random/boot_id
        [ -e "$1/upper/etc/machine-id" ] || tr -d - < /proc/sys/kernel/random/uuid > etc/machine-id
        echo "$0" > etc/hostname
        printf '127.0.0.1 localhost\n127.0.1.1 %s\n' "$0" > etc/hosts.lab && cp etc/hosts.lab etc/hosts 2>/dev/null || true
        rm -rf etc/cni/net.d.host && mkdir -p etc/cni/net.d opt/cni/bin var/lib/kubelet
        pivot_root . run/old
        umount -l /run/old
        # As on any machine that systemd boots: what is mounted later reaches the containers that asked for it.
        mount --make-rshared /
        hostname "$0"
        ip link set lo up
        # arp_ignore: the kernel sees what arrives at a port of a switch in user space, and must not answer for addresses that are
        # not that port's; on metal it never sees it.
        sysctl -qw net.ipv4.ping_group_range='0 2147483647' net.ipv4.ip_forward=1 net.ipv4.conf.all.arp_ignore=1 net.ipv4.tcp_orphan_retries=1 net.ipv6.conf.all.disable_ipv6=1 net.ipv6.conf.default.disable_ipv6=1 2>/dev/null || true
        # A machine reaches itself by any of its addresses.
        sysctl -qw net.ipv6.conf.lo.disable_ipv6=0 2>/dev/null || true
        echo up
        exec tini -s -- sleep infinity </dev/null >/dev/null 2>&1
        """;
}
