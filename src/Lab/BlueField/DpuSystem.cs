using System.Text.RegularExpressions;
using Dpf.Lab.Machines;
using Dpf.Runtime.Machines;
using Microsoft.Extensions.Logging;

namespace Dpf.Lab.BlueField;

/// <summary>
/// The operating system on a DPU: installed by running a bf.cfg, set up at its first boot by the cloud-init data that the bf.cfg
/// left, and started at every boot: Open vSwitch, the network that netplan describes, the services that are enabled.
/// </summary>
public sealed class DpuSystem(Machine machine, ILoggerFactory loggers, TimeProvider time)
{
    private const string UserData = "/var/lib/cloud/seed/nocloud-net/user-data";
    private const string FirstBootDone = "/var/lib/cloud/instance/boot-finished";
    private const string HostNameFile = "/etc/hostname.dpu";
    private readonly ILogger _logger = loggers.CreateLogger(machine.HostName);
    private readonly List<IMachineProcess> _services = [];
    private Task _network = Task.CompletedTask;
    private Task _firstBoot = Task.CompletedTask;
    private CancellationTokenSource _stop = new();

    /// <summary>Whether there is a system to boot.</summary>
    public bool IsInstalled => File.Exists(machine.Path(UserData));

    /// <summary>The name that the system gave itself; the machine's while there is none.</summary>
    public string HostName =>
        machine.IsOn && File.Exists(machine.Path(HostNameFile)) ? File.ReadAllText(machine.Path(HostNameFile)).Trim() : machine.HostName;

    /// <summary>Runs the configuration as the installer of the boot image does: with the new system's root at <c>/mnt</c>.</summary>
    /// <exception cref="MachineCommandException">The configuration failed.</exception>
    public async Task InstallAsync(string configuration, CancellationToken cancellation)
    {
        DpuTools.Install(machine);
        var path = machine.Path("/tmp/bf.cfg");
        File.WriteAllText(path, configuration);
        File.SetUnixFileMode(path, UnixFileMode.UserRead | UnixFileMode.UserWrite);
        await machine.ExecuteAsync(cancellation, "bash", "-ec", "mount --bind / /mnt; . /tmp/bf.cfg; bfb_modify_os; umount /mnt; rm /tmp/bf.cfg");
    }

    /// <summary>Boots.</summary>
    public async Task BootAsync(CancellationToken cancellation)
    {
        _stop = new CancellationTokenSource();
        await machine.ExecuteAsync(
            cancellation, "bash", "-ec",
            "mkdir -p /run/openvswitch /run/ovn /var/log/openvswitch; [ -s /etc/hostname.dpu ] && hostname \"$(cat /etc/hostname.dpu)\" || true; " +
            "/usr/share/openvswitch/scripts/ovs-ctl start --system-id=random >/var/log/openvswitch/start.log 2>&1");
        _network = Task.Run(() => new DpuNetplan(machine, time, _logger).RunAsync(_stop.Token), CancellationToken.None);
        if (File.Exists(machine.Path(FirstBootDone)))
        {
            StartServices();
        }
        else
        {
            // Cloud-init goes on for longer than a boot: its last command waits for the network that the host brings.
            _firstBoot = Task.Run(() => FirstBootAsync(_stop.Token), CancellationToken.None);
        }
    }

    /// <summary>Ends what was started beside the machine's own processes.</summary>
    public async Task ShutDownAsync()
    {
        await _stop.CancelAsync();
        await _network.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        await _firstBoot.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        foreach (var service in _services)
        {
            await service.DisposeAsync();
        }

        _services.Clear();
    }

    private async Task FirstBootAsync(CancellationToken cancellation)
    {
        try
        {
            await CloudInitAsync(cancellation);

            // The last of its commands starts the services that it enabled.
            StartServices();
        }
        catch (Exception e) when (e is FormatException or IOException or YamlDotNet.Core.YamlException)
        {
            _logger.LogError("cloud-init: {Message}", e.Message);
        }
    }

    private async Task CloudInitAsync(CancellationToken cancellation)
    {
        var config = CloudConfig.Parse(File.ReadAllText(machine.Path(UserData)));
        foreach (var file in config.Files)
        {
            var path = machine.Path(file.Path);
            Directory.CreateDirectory(Path.GetDirectoryName(path)!);
            if (file.Append)
            {
                File.AppendAllText(path, file.Content);
            }
            else
            {
                File.WriteAllText(path, file.Content);
            }

            File.SetUnixFileMode(path, file.Mode);
        }

        foreach (var command in config.Commands)
        {
            var result = await machine.RunAsync(new MachineCommand(command), cancellation);
            if (!result.Succeeded)
            {
                // As cloud-init does: the next command runs all the same, and the log tells.
                _logger.LogWarning("cloud-init: '{Command}' exited with {Code}: {Error}", string.Join(' ', command), result.ExitCode, result.Error.Trim());
            }
        }

        Directory.CreateDirectory(Path.GetDirectoryName(machine.Path(FirstBootDone))!);
        File.WriteAllText(machine.Path(FirstBootDone), "done\n");
    }

    private void StartServices()
    {
        var folder = machine.Path("/etc/systemd/system");
        foreach (var unit in File.Exists(machine.Path(DpuTools.EnabledUnits)) ? File.ReadAllLines(machine.Path(DpuTools.EnabledUnits)).Distinct() : [])
        {
            var path = Path.Combine(folder, unit.EndsWith(".service", StringComparison.Ordinal) ? unit : unit + ".service");
            if (File.Exists(path) && Regex.Match(File.ReadAllText(path), @"^ExecStart=(.+)$", RegexOptions.Multiline, TimeSpan.FromSeconds(1)) is { Success: true } start)
            {
                _services.Add(machine.Start(new MachineCommand("bash", "-c", start.Groups[1].Value.Trim()) { LogPath = $"/var/log/{Path.GetFileName(unit)}.log" }));
            }
        }
    }
}
