using System.Globalization;
using Dpf.Lab.BlueField;
using Dpf.Lab.Fabric;
using Dpf.Lab.Machines;
using Dpf.Runtime.Machines;
using Microsoft.Extensions.Logging;

namespace Dpf.Lab.Topologies;

/// <summary>
/// A worker with a BlueField, prepared as the guide asks: the management NIC in the Linux bridge <c>br-dpu</c>, DHCP on the
/// BlueField's PF. It can be rebooted: everything on it ends, and it boots anew with the same disk.
/// </summary>
internal sealed class WorkerMachine : IAsyncDisposable
{
    private const string PowerRequest = "/run/lab-power";

    private static readonly (string Path, string Content)[] Tools =
    [
        ("/usr/local/sbin/ipmitool", "#!/bin/sh\n# The board's controller: 'chassis power cycle' and 'reset' take the power for a moment.\ncase \"$*\" in\n*power*cycle*|*power*reset*) echo cycle >/run/lab-power ;;\n*) echo 'Chassis Power is on' ;;\nesac\n"),
        ("/usr/local/sbin/reboot", "#!/bin/sh\necho reset >/run/lab-power\n"),
        ("/usr/local/sbin/bf-slr.sh", "#!/bin/sh\n# bf-slr.sh PCI COMMAND arm|host: the reset of a BlueField and its host.\n[ \"$3\" = host ] && echo \"$2\" >/run/lab-power\nexit 0\n"),
    ];

    private readonly LabNetwork _network;
    private readonly int _number;
    private readonly TimeProvider _time;
    private readonly ILogger _logger;
    private IMachineProcess? _dhcp;

    private WorkerMachine(Machine machine, BlueFieldCard card, LabNetwork network, int number, ILogger logger, TimeProvider time) =>
        (Machine, Card, _network, _number, _logger, _time) = (machine, card, network, number, logger, time);

    public Machine Machine { get; }

    public BlueFieldCard Card { get; }

    public string Address => LabAddresses.Worker(_number);

    public static async Task<WorkerMachine> StartAsync(
        string state, int number, LabNetwork network, ILoggerFactory loggers, TimeProvider time, CancellationToken cancellation)
    {
        var name = string.Create(CultureInfo.InvariantCulture, $"worker{number}");
        var machine = await Machine.StartAsync(state, name, cancellation);
        var card = await BlueFieldCard.InsertAsync(state, machine, number, network, loggers, time, cancellation);
        var worker = new WorkerMachine(machine, card, network, number, loggers.CreateLogger(name), time);
        await worker.BootAsync(cancellation);
        return worker;
    }

    /// <summary>Asks for a reboot, as something on the machine would.</summary>
    public void RequestReboot() => File.WriteAllText(Machine.Path(PowerRequest), "reset\n");

    /// <summary>Waits until something on the machine asks for a reboot, or the machine has none to ask with: a reboot failed halfway.</summary>
    public async Task RebootRequestedAsync(CancellationToken cancellation)
    {
        while (Machine.IsOn && !File.Exists(Machine.Path(PowerRequest)))
        {
            await Task.Delay(TimeSpan.FromMilliseconds(100), _time, cancellation);
        }
    }

    /// <summary>Takes the power away and gives it back.</summary>
    public async Task RebootAsync(CancellationToken cancellation)
    {
        _logger.LogInformation("reboots");
        if (_dhcp is not null)
        {
            await _dhcp.DisposeAsync();
        }

        await Machine.SwitchOffAsync();
        await Machine.SwitchOnAsync(cancellation);
        await Card.ResetAsync(cancellation);
        await BootAsync(cancellation);
    }

    /// <summary>Takes the power from the card alone, under whatever runs on the host, and gives it back.</summary>
    public async Task RebootCardAsync(CancellationToken cancellation)
    {
        _logger.LogInformation("its card reboots");
        if (_dhcp is not null)
        {
            await _dhcp.DisposeAsync();
        }

        await Card.ResetAsync(cancellation);

        // The PF is another device than before, as a network manager would see at once.
        _dhcp = DhcpClient.Start(Machine, BlueFieldCard.PfName, defaultRoute: false, _network.IsDual);
    }

    public async ValueTask DisposeAsync()
    {
        if (_dhcp is not null)
        {
            await _dhcp.DisposeAsync();
        }

        await Card.DisposeAsync();
        await Machine.DisposeAsync();
    }

    private async Task BootAsync(CancellationToken cancellation)
    {
        foreach (var (path, content) in Tools)
        {
            var here = Machine.Path(path);
            Directory.CreateDirectory(Path.GetDirectoryName(here)!);
            await File.WriteAllTextAsync(here, content, cancellation);
            File.SetUnixFileMode(here, (UnixFileMode)Convert.ToInt32("755", 8));
        }

        await _network.ConnectManagementAsync(Machine, "eno1", Macs.Management(10 + _number), cancellation);
        await Machine.ExecuteAsync(
            cancellation, "bash", "-ec",
            $"""
            ip link add br-dpu address {Macs.Management(10 + _number)} type bridge forward_delay 0
            ip link set eno1 master br-dpu
            ip addr add {Address}/24 dev br-dpu
            ip link set br-dpu up
            ethtool -K br-dpu tx off >/dev/null
            ip route add default via {LabAddresses.Router} dev br-dpu metric 100
            """);
        _dhcp = DhcpClient.Start(Machine, BlueFieldCard.PfName, defaultRoute: false, _network.IsDual);
    }
}
