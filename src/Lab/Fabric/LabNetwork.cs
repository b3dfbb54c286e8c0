using System.Globalization;
using Dpf.Lab.Machines;
using Dpf.Runtime.Machines;

namespace Dpf.Lab.Fabric;

/// <summary>
/// The wires of the lab: one machine with a bridge for the management network and one for the high-speed network, the router
/// between them and the outside, and the DHCP servers of both.
/// </summary>
public sealed class LabNetwork : IAsyncDisposable
{
    private const string ManagementBridge = "mgmt";
    private const string HighSpeedBridge = "hs";
    private readonly LocalMachine _here = new();

    private readonly string _state;

    private LabNetwork(string state, Machine machine, bool isDual) => (_state, Machine, IsDual) = (state, machine, isDual);

    /// <summary>The device that connects the user's machine to the management network.</summary>
    public const string UserDevice = "dpf-lab";

    /// <summary>The machine that the wires end in.</summary>
    public Machine Machine { get; }

    /// <summary>Whether the networks carry IPv6 too.</summary>
    public bool IsDual { get; }

    /// <summary>Builds the networks.</summary>
    /// <exception cref="InvalidOperationException">This machine already has a route into one of the lab's networks.</exception>
    public static async Task<LabNetwork> StartAsync(string state, bool isDual, CancellationToken cancellation)
    {
        await CheckRoutesAsync(cancellation);
        var network = new LabNetwork(state, await Machine.StartAsync(state, "fabric", cancellation), isDual);
        await network.BuildAsync(state, cancellation);
        return network;
    }

    /// <summary>Connects a device of a machine to the management network.</summary>
    public Task ConnectManagementAsync(Machine machine, string device, string mac, CancellationToken cancellation) =>
        ConnectAsync(machine, device, mac, ManagementBridge, "m-" + machine.HostName, cancellation);

    /// <summary>Connects a device of a machine to the high-speed network.</summary>
    public Task ConnectHighSpeedAsync(Machine machine, string device, string mac, CancellationToken cancellation) =>
        ConnectAsync(machine, device, mac, HighSpeedBridge, "h-" + machine.HostName, cancellation);

    /// <summary>Makes veth pairs between the namespaces of machines.</summary>
    /// <param name="lines">Lines of an <c>ip</c> batch.</param>
    /// <param name="cancellation">Gives up.</param>
    /// <param name="networkNamespace">Where it is run; null for the network of the lab's own process.</param>
    public async Task BatchAsync(IEnumerable<string> lines, CancellationToken cancellation, string? networkNamespace = null)
    {
        var command = new MachineCommand("ip", "-batch", "-") { Input = string.Join('\n', lines) + "\n", NetworkNamespace = networkNamespace };
        var result = await _here.RunAsync(command, cancellation);
        if (!result.Succeeded)
        {
            throw new MachineCommandException(_here.HostName, command, result);
        }
    }

    /// <summary>
    /// Takes the user's machine off a lab's network. The other end does not always go with its machine: a dying connection keeps a
    /// network namespace for a while.
    /// </summary>
    /// <param name="state">The lab's state folder, which the device says whose it is by.</param>
    /// <param name="cancellation">Gives up.</param>
    public static async Task DisconnectUserAsync(string state, CancellationToken cancellation)
    {
        var alias = $"/sys/class/net/{UserDevice}/ifalias";
        if (File.Exists(alias) && (await File.ReadAllTextAsync(alias, cancellation)).Trim() == state)
        {
            await new LocalMachine().RunAsync(new MachineCommand("ip", "link", "delete", UserDevice), cancellation);
        }
    }

    /// <inheritdoc />
    public async ValueTask DisposeAsync()
    {
        await DisconnectUserAsync(_state, CancellationToken.None);
        await Machine.DisposeAsync();
    }

    private static async Task CheckRoutesAsync(CancellationToken cancellation)
    {
        var here = new LocalMachine();
        foreach (var network in (string[])[LabAddresses.Management, LabAddresses.HighSpeed])
        {
            var routes = await here.ExecuteAsync(cancellation, "ip", "-4", "route", "show", "root", network);
            var inside = await here.ExecuteAsync(cancellation, "ip", "-4", "route", "show", "match", network);
            var taken = inside.Split('\n').Concat(routes.Split('\n')).FirstOrDefault(r => r.Length > 0 && !r.StartsWith("default", StringComparison.Ordinal));
            if (taken is not null)
            {
                throw new InvalidOperationException(
                    $"this machine has a route into the lab's network {network} ({taken.Trim()}); remove it, or run the lab where there is none");
            }
        }
    }

    private async Task BuildAsync(string state, CancellationToken cancellation)
    {
        await BatchAsync(
            [
                string.Create(CultureInfo.InvariantCulture, $"link add {UserDevice} type veth peer name m-user netns {Machine.ProcessId}"),
                $"link set {UserDevice} alias {state}",
            ],
            cancellation);
        await Machine.ExecuteAsync(cancellation, "bash", "-ec", $"""
            ip link add {ManagementBridge} address {Macs.ManagementRouter} type bridge forward_delay 0
            ip link add {HighSpeedBridge} address {Macs.HighSpeedRouter} type bridge forward_delay 0
            ip addr add {LabAddresses.Router}/24 dev {ManagementBridge}
            ip addr add {LabAddresses.Services}/24 dev {ManagementBridge}
            ip addr add {LabAddresses.HighSpeedRouter}/24 dev {HighSpeedBridge}
            ip link set {ManagementBridge} up
            ip link set {HighSpeedBridge} up
            ip link set m-user master {ManagementBridge} up
            ip netns add outside
            ip link add outside type veth peer name eth0 netns outside
            ip addr add {LabAddresses.OutsideRouter}/24 dev outside
            ip link set outside up
            ip -n outside addr add {LabAddresses.Outside}/24 dev eth0
            ip -n outside link set lo up
            ip -n outside link set eth0 up
            ip -n outside route add default via {LabAddresses.OutsideRouter}
            ethtool -K outside tx off >/dev/null
            ip netns exec outside ethtool -K eth0 tx off >/dev/null
            ethtool -K m-user tx off >/dev/null
            mkdir -p /var/lib/misc /srv/nfs/mnt/dpf_share/bfb
            """);
        await BatchAsync([$"addr add {LabAddresses.User}/24 dev {UserDevice}", $"link set {UserDevice} up"], cancellation);
        await _here.ExecuteAsync(cancellation, "ethtool", "-K", UserDevice, "tx", "off");
        if (IsDual)
        {
            await AddSixAsync(cancellation);
        }

        StartDhcp();
    }

    private Task AddSixAsync(CancellationToken cancellation) => Machine.ExecuteAsync(
        cancellation, "bash", "-ec",
        $"""
        for device in {ManagementBridge} {HighSpeedBridge} outside; do sysctl -qw net.ipv6.conf.$device.disable_ipv6=0; done
        sysctl -qw net.ipv6.conf.all.forwarding=1
        ip addr add {LabAddresses.RouterSix}/64 dev {ManagementBridge} nodad
        ip addr add {LabAddresses.HighSpeedRouterSix}/64 dev {HighSpeedBridge} nodad
        ip addr add {LabAddresses.OutsideRouterSix}/64 dev outside nodad
        ip -n outside addr add {LabAddresses.OutsideSix}/64 dev eth0 nodad
        ip -n outside route add default via {LabAddresses.OutsideRouterSix}
        """);

    private void StartDhcp()
    {
        string[] common =
        [
            "dnsmasq", "--keep-in-foreground", "--port=0", "--conf-file=/dev/null", "--bind-interfaces", "--dhcp-authoritative", "--no-ping", "--log-dhcp",
            "--log-facility=-",
        ];
        var hosts = Enumerable.Range(1, 4).Select(n => $"--dhcp-host={Macs.DpuManagement(n)},{LabAddresses.Dpu(n)}");
        Machine.Start(new MachineCommand(
        [
            .. common, "--interface=" + ManagementBridge, "--dhcp-range=10.0.110.100,10.0.110.150,255.255.255.0,12h",
            $"--dhcp-option=option:router,{LabAddresses.Router}", "--dhcp-leasefile=/var/lib/misc/mgmt.leases", "--pid-file=/run/dnsmasq-mgmt.pid", .. hosts,
        ])
        { LogPath = "/var/log/dhcp-mgmt.log" });

        // Of IPv6 hosts find addresses and router by themselves.
        string[] six = IsDual ? ["--enable-ra", $"--dhcp-range={LabAddresses.HighSpeedSix},ra-only,64"] : [];

        // No default gateway; the way out is told by a route to a dummy network (option 121, RFC 3442).
        Machine.Start(new MachineCommand(
        [
            .. common, "--interface=" + HighSpeedBridge, "--dhcp-range=10.0.123.10,10.0.123.100,255.255.255.0,12h", "--dhcp-option=option:router",
            $"--dhcp-option=121,169.254.99.100/32,{LabAddresses.HighSpeedRouter}", "--dhcp-leasefile=/var/lib/misc/hs.leases", "--pid-file=/run/dnsmasq-hs.pid", .. six,
        ])
        { LogPath = "/var/log/dhcp-hs.log" });
    }

    private async Task ConnectAsync(Machine machine, string device, string mac, string bridge, string port, CancellationToken cancellation)
    {
        await BatchAsync(
            [
                string.Create(
                    CultureInfo.InvariantCulture,
                    $"link add {device} address {mac} netns {machine.ProcessId} type veth peer name {port} netns {Machine.ProcessId}"),
            ],
            cancellation);
        await Machine.ExecuteAsync(cancellation, "bash", "-ec", $"ip link set {port} master {bridge} up; ethtool -K {port} tx off >/dev/null");
        await machine.ExecuteAsync(cancellation, "bash", "-ec", $"ethtool -K {device} tx off >/dev/null; ip link set {device} up");
    }
}
