using System.Globalization;
using Dpf.Runtime.Hosting;

namespace Dpf.Telemetry.Blueman;

/// <summary>One line of a DPU's health.</summary>
/// <param name="What">What was looked at.</param>
/// <param name="IsOk">Whether it is as it should be.</param>
/// <param name="Detail">What was seen.</param>
public sealed record Health(string What, bool IsOk, string Detail);

/// <summary>What Blueman shows of a DPU.</summary>
public sealed record DpuFacts
{
    /// <summary>Who it is: label and value.</summary>
    public required IReadOnlyList<(string Name, string Value)> Identity { get; init; }

    /// <summary>How it is.</summary>
    public required IReadOnlyList<Health> Health { get; init; }

    /// <summary>The switch's ports.</summary>
    public required IReadOnlyList<SwitchPort> Ports { get; init; }

    /// <summary>Looks at the machine and its switch.</summary>
    public static DpuFacts Read(ComponentContext context, Switch ovs)
    {
        var machine = context.Machine;
        var ports = ovs.Ports;
        var host = ovs.ExternalId("host-k8s-nodename");
        var tunnel = ovs.ExternalId("ovn-encap-ip");
        var uplink = ports.FirstOrDefault(p => p.Name == "p0");
        return new DpuFacts
        {
            Identity =
            [
                ("DPU", machine.HostName),
                ("Node", context.Variable("NODE_NAME", machine.HostName)!),
                ("Host", host.Length > 0 ? host : "not known yet"),
                ("Tunnel endpoint", tunnel.Length > 0 ? tunnel : "none yet"),
                ("Operating system", OperatingSystem(File.ReadAllText(machine.Path("/etc/os-release")))),
                ("Kernel", File.ReadAllText(machine.Path("/proc/sys/kernel/osrelease")).Trim()),
                ("Up for", Uptime(File.ReadAllText(machine.Path("/proc/uptime")))),
                ("Boot", File.ReadAllText(machine.Path("/proc/sys/kernel/random/boot_id")).Trim()),
            ],
            Health =
            [
                new Health("Open vSwitch", ovs.IsConnected, ovs.IsConnected ? ovs.Version : "its database does not answer"),
                new Health("Uplink p0", uplink?.IsUp == true, uplink is null ? "not a port of the switch" : uplink.IsUp ? "up" : "down"),
                new Health("Tunnel endpoint", tunnel.Length > 0, tunnel.Length > 0 ? tunnel : "no address from DHCP"),
                new Health(
                    "Integration bridge", ports.Any(p => p.Bridge == "br-int"),
                    string.Create(CultureInfo.InvariantCulture, $"{ports.Count(p => p.Bridge == "br-int")} ports")),
            ],
            Ports = ports,
        };
    }

    private static string OperatingSystem(string release) =>
        release.Split('\n').FirstOrDefault(l => l.StartsWith("PRETTY_NAME=", StringComparison.Ordinal)) is { } line
            ? line["PRETTY_NAME=".Length..].Trim().Trim('"')
            : "unknown";

    private static string Uptime(string uptime) =>
        double.TryParse(uptime.Split(' ')[0], CultureInfo.InvariantCulture, out var seconds)
            ? TimeSpan.FromSeconds((long)seconds).ToString("c", CultureInfo.InvariantCulture)
            : "unknown";
}
