using System.Globalization;
using Dpf.Lab.Fabric;
using Dpf.Lab.Machines;
using Microsoft.Extensions.Logging;

namespace Dpf.Lab.BlueField;

/// <summary>
/// A BlueField-3 in a worker: the card's own computer, its uplink to the high-speed network, the PF and the VFs on its PCI bus with
/// a representor each. Only the silicon is simulated: every port is a pair of Ethernet devices.
/// </summary>
public sealed class BlueFieldCard : IAsyncDisposable
{
    /// <summary>The PF's name on the host.</summary>
    public const string PfName = "ens1f0np0";

    /// <summary>The PF's PCI address on the host.</summary>
    public const string PfAddress = "0000:03:00.0";

    private static readonly string[] Uplinks = ["p0", "pf0hpf"];
    private readonly Machine _host;
    private readonly LabNetwork _network;
    private readonly int _number;
    private readonly ILogger _logger;
    private readonly TimeProvider _time;
    private readonly CancellationTokenSource _stop = new();
    private readonly SemaphoreSlim _turn = new(1, 1);
    private readonly CardFirmware _firmware = new();
    private Task _watching = Task.CompletedTask;
    private int _vfs;

    private BlueFieldCard(Machine host, Machine computer, LabNetwork network, int number, ILoggerFactory loggers, TimeProvider time)
    {
        (_host, Computer, _network, _number, _time) = (host, computer, network, number, time);
        _logger = loggers.CreateLogger(computer.HostName);
        System = new DpuSystem(computer, loggers, time);
    }

    /// <summary>The card's own computer.</summary>
    public Machine Computer { get; }

    /// <summary>The operating system on it.</summary>
    public DpuSystem System { get; }

    /// <summary>Puts a card into a host and switches it on. Without an operating system it does nothing but hold its ports.</summary>
    public static async Task<BlueFieldCard> InsertAsync(
        string state, Machine host, int number, LabNetwork network, ILoggerFactory loggers, TimeProvider time, CancellationToken cancellation)
    {
        var computer = await Machine.StartAsync(state, host.HostName + "-bf", cancellation);
        var card = new BlueFieldCard(host, computer, network, number, loggers, time);
        await card.WireAsync(cancellation);
        card._watching = Task.Run(() => Supervision.KeepAsync(card.WatchAsync, card._logger, time, card._stop.Token), CancellationToken.None);
        return card;
    }

    /// <summary>
    /// Installs a system: empties the disk, runs the configuration as the installer does, boots what it left. The host's ports
    /// go away and come back, as they do on metal.
    /// </summary>
    /// <param name="configuration">The bf.cfg.</param>
    /// <param name="cancellation">Gives up.</param>
    public async Task InstallAsync(string configuration, CancellationToken cancellation)
    {
        await _turn.WaitAsync(cancellation);
        try
        {
            await System.ShutDownAsync();
            ReadFirmware();
            await Computer.SwitchOffAsync();
            await UnplugAsync(cancellation);
            Computer.EraseDisk();
            await Computer.SwitchOnAsync(cancellation);
            await WireAsync(cancellation);
            await System.InstallAsync(configuration, cancellation);
            await System.BootAsync(cancellation);
        }
        finally
        {
            _turn.Release();
        }
    }

    /// <summary>
    /// Takes the power from the card and gives it back: when its host is switched on again, or under a running host. That one sees
    /// the card's devices go, from pods too, and the PF come back as a new device without virtual functions.
    /// </summary>
    public async Task ResetAsync(CancellationToken cancellation)
    {
        await _turn.WaitAsync(cancellation);
        try
        {
            await System.ShutDownAsync();
            ReadFirmware();
            await Computer.SwitchOffAsync();
            await UnplugAsync(cancellation);
            await Computer.SwitchOnAsync(cancellation);
            await WireAsync(cancellation);
            if (System.IsInstalled)
            {
                await System.BootAsync(cancellation);
            }
        }
        finally
        {
            _turn.Release();
        }
    }

    /// <summary>The PCI address of a VF.</summary>
    public static string VfAddress(int vf) => string.Create(CultureInfo.InvariantCulture, $"0000:03:{(vf + 2) / 8:x2}.{(vf + 2) % 8}");

    /// <inheritdoc />
    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        await _watching;
        await System.ShutDownAsync();
        await Computer.DisposeAsync();
        _stop.Dispose();
        _turn.Dispose();
    }

    private string SwitchId => string.Create(CultureInfo.InvariantCulture, $"0e42a1000000{_number:x4}");

    /// <summary>The card's memory keeps what its disk may lose in a moment.</summary>
    private void ReadFirmware()
    {
        if (Computer.IsOn && Computer.Path(CardFirmware.NextBoot) is var told && File.Exists(told))
        {
            _firmware.Apply(File.ReadAllText(told));
        }
    }

    /// <summary>Waits until the host has lost the card's devices, and takes its virtual functions off the bus.</summary>
    private async Task UnplugAsync(CancellationToken cancellation)
    {
        _vfs = 0;
        if (!_host.IsOn)
        {
            return;
        }

        // The kernel ends a network, and with it the other ends of its devices, in its own time.
        while (_host.Devices().Contains(PfName))
        {
            await Task.Delay(TimeSpan.FromMilliseconds(10), _time, cancellation);
        }

        new SysTree(_host).RemoveVfs(PfAddress);
    }

    private async Task WireAsync(CancellationToken cancellation)
    {
        _vfs = 0;
        await _network.ConnectHighSpeedAsync(Computer, "p0", Macs.Uplink(_number), cancellation);
        await _network.BatchAsync([Pair(PfName, Macs.Pf(_number), "pf0hpf", Macs.Representor(_number, 200))], cancellation);
        await _host.RunAsync(new("bash", "-c", $"ethtool -K {PfName} tx off >/dev/null; ip link set {PfName} up"), cancellation);
        await Computer.RunAsync(new("bash", "-c", "ethtool -K pf0hpf tx off >/dev/null; ip link set pf0hpf up"), cancellation);
        await SwitchPorts.HideAsync(Computer, Uplinks, cancellation);
        new SysTree(_host).AddPf(PfAddress, PfName, Macs.Pf(_number), _firmware.VirtualFunctions);
        var own = new SysTree(Computer);
        own.AddPort("p0", "p0", SwitchId, Macs.Uplink(_number));
        own.AddPort("pf0hpf", "pf0", SwitchId, Macs.Representor(_number, 200));
    }

    /// <summary>Does what the PCI bus does when somebody writes the number of virtual functions.</summary>
    private async Task WatchAsync(CancellationToken cancellation)
    {
        while (!cancellation.IsCancellationRequested)
        {
            await _turn.WaitAsync(cancellation);
            try
            {
                if (_host.IsOn && Computer.IsOn && _host.Devices().Contains(PfName) && Wanted() is var wanted)
                {
                    // A device that ends with a pod's network goes back to the host on metal.
                    var there = Computer.Devices();
                    var missing = Enumerable.Range(0, Math.Max(_vfs, Math.Min(wanted, _firmware.VirtualFunctions))).Where(vf => !there.Contains(Representor(vf))).ToList();
                    if (missing.Count > 0)
                    {
                        await AddVfsAsync(missing, cancellation);
                    }
                }
            }
            catch (Exception e) when (e is IOException or Runtime.Machines.MachineCommandException)
            {
                _logger.LogWarning("virtual functions: {Message}", e.Message);
            }
            finally
            {
                _turn.Release();
            }

            await Task.Delay(TimeSpan.FromMilliseconds(100), _time, cancellation);
        }
    }

    private int Wanted()
    {
        var path = _host.Path($"/sys/bus/pci/devices/{PfAddress}/sriov_numvfs");
        return File.Exists(path) && int.TryParse(File.ReadAllText(path).Trim(), CultureInfo.InvariantCulture, out var count) ? count : 0;
    }

    private async Task AddVfsAsync(List<int> fresh, CancellationToken cancellation)
    {
        // Ready before the host sees them: whoever waits for a VF takes it at once.
        await _network.BatchAsync(
            fresh.Select(vf => string.Create(
                CultureInfo.InvariantCulture,
                $"link add {Unborn(vf)} address {Macs.Vf(_number, vf)} netns {_network.Machine.ProcessId} type veth peer name {Representor(vf)} address {Macs.Representor(_number, vf)} netns {Computer.ProcessId}")),
            cancellation);
        await _network.Machine.RunAsync(
            new("bash", "-c", $"for device in {string.Join(' ', fresh.Select(Unborn))}; do ethtool -K $device tx off; done >/dev/null"), cancellation);
        await Computer.RunAsync(
            new("bash", "-c", $"for device in {string.Join(' ', fresh.Select(Representor))}; do ethtool -K $device tx off; done >/dev/null"), cancellation);
        await _network.BatchAsync(
            fresh.Select(vf => string.Create(CultureInfo.InvariantCulture, $"link set {Unborn(vf)} netns {_host.ProcessId} name {Netdev(vf)}")), cancellation,
            $"/proc/{_network.Machine.ProcessId}/ns/net");
        var (host, own) = (new SysTree(_host), new SysTree(Computer));
        foreach (var vf in fresh)
        {
            host.AddVf(PfAddress, vf, VfAddress(vf), Netdev(vf), Macs.Vf(_number, vf));
            own.AddPort(Representor(vf), Representor(vf), SwitchId, Macs.Representor(_number, vf));
        }

        // The first VF is the host's link to the management network: a Linux bridge carries it.
        _vfs = Math.Max(_vfs, fresh[^1] + 1);
        await SwitchPorts.HideAsync(Computer, Uplinks.Concat(Enumerable.Range(1, _vfs - 1).Select(Representor)), cancellation);
        _logger.LogInformation("{Count} virtual functions, {Fresh} of them new", _vfs, fresh.Count);
    }

    private static string Netdev(int vf) => string.Create(CultureInfo.InvariantCulture, $"ens1f0v{vf}");

    private string Unborn(int vf) => string.Create(CultureInfo.InvariantCulture, $"bf{_number}v{vf}");

    private static string Representor(int vf) => string.Create(CultureInfo.InvariantCulture, $"pf0vf{vf}");

    private string Pair(string hostDevice, string hostMac, string representor, string mac) => string.Create(
        CultureInfo.InvariantCulture,
        $"link add {hostDevice} address {hostMac} netns {_host.ProcessId} type veth peer name {representor} address {mac} netns {Computer.ProcessId}");
}
