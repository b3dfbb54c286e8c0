using System.Globalization;
using Dpf.Runtime.Machines;

namespace Dpf.Telemetry;

/// <summary>The counters of a network device.</summary>
/// <param name="Name">The device.</param>
/// <param name="Counters">By name: <c>rx_bytes</c>, <c>rx_packets</c>, <c>rx_errors</c>, <c>rx_dropped</c> and the same for tx.</param>
public sealed record DeviceCounters(string Name, IReadOnlyDictionary<string, long> Counters);

/// <summary>Reads the kernel's table of devices (proc(5), <c>/proc/net/dev</c>).</summary>
public static class NetworkDevices
{
    // The columns in their order; the ones left empty are not exported.
    private static readonly string[] Columns =
    [
        "rx_bytes", "rx_packets", "rx_errors", "rx_dropped", "", "", "", "",
        "tx_bytes", "tx_packets", "tx_errors", "tx_dropped",
    ];

    /// <summary>The devices of a machine's own network.</summary>
    public static IReadOnlyList<DeviceCounters> Read(IMachine machine) =>
        Parse(File.ReadAllText(machine.Path("/proc/1/net/dev")));

    /// <summary>Reads the table's text.</summary>
    public static IReadOnlyList<DeviceCounters> Parse(string table)
    {
        var devices = new List<DeviceCounters>();
        foreach (var line in table.Split('\n'))
        {
            var colon = line.IndexOf(':', StringComparison.Ordinal);
            if (colon < 0)
            {
                // The two heading lines.
                continue;
            }

            var values = line[(colon + 1)..].Split(' ', StringSplitOptions.RemoveEmptyEntries);
            var counters = new Dictionary<string, long>(StringComparer.Ordinal);
            foreach (var (name, value) in Columns.Zip(values))
            {
                if (name.Length > 0 && long.TryParse(value, CultureInfo.InvariantCulture, out var count))
                {
                    counters[name] = count;
                }
            }

            devices.Add(new DeviceCounters(line[..colon].Trim(), counters));
        }

        return devices;
    }
}
