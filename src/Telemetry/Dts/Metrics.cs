using System.Globalization;
using System.Text;

namespace Dpf.Telemetry.Dts;

/// <summary>The DPU's counters in Prometheus' text format (version 0.0.4).</summary>
public static class Metrics
{
    /// <summary>The media type.</summary>
    public const string MediaType = "text/plain; version=0.0.4; charset=utf-8";

    /// <summary>Writes the page.</summary>
    public static string Write(string node, bool isSwitchUp, IReadOnlyList<SwitchPort> ports, IReadOnlyList<DeviceCounters> devices)
    {
        var text = new StringBuilder();
        Family(text, "dpu_ovs_up", "gauge", "Whether the DPU's Open vSwitch database answers.");
        Sample(text, "dpu_ovs_up", isSwitchUp ? 1 : 0, ("node", node));
        Family(text, "dpu_ovs_interface_up", "gauge", "Whether the link of a switch port is up.");
        foreach (var port in ports)
        {
            Sample(text, "dpu_ovs_interface_up", port.IsUp ? 1 : 0, Labels(node, port));
        }

        foreach (var counter in ports.SelectMany(p => p.Statistics.Keys).Distinct().Order(StringComparer.Ordinal))
        {
            var name = $"dpu_ovs_interface_{counter}_total";
            Family(text, name, "counter", $"The counter {counter} of a switch port.");
            foreach (var port in ports.Where(p => p.Statistics.ContainsKey(counter)))
            {
                Sample(text, name, port.Statistics[counter], Labels(node, port));
            }
        }

        foreach (var counter in devices.SelectMany(d => d.Counters.Keys).Distinct().Order(StringComparer.Ordinal))
        {
            var name = $"dpu_interface_{counter}_total";
            Family(text, name, "counter", $"The counter {counter} of a network device.");
            foreach (var device in devices.Where(d => d.Counters.ContainsKey(counter)))
            {
                Sample(text, name, device.Counters[counter], ("node", node), ("interface", device.Name));
            }
        }

        return text.ToString();
    }

    private static (string, string)[] Labels(string node, SwitchPort port) =>
        [("node", node), ("bridge", port.Bridge), ("interface", port.Name), ("type", port.Type)];

    private static void Family(StringBuilder text, string name, string type, string help) =>
        text.Append("# HELP ").Append(name).Append(' ').Append(help).Append('\n')
            .Append("# TYPE ").Append(name).Append(' ').Append(type).Append('\n');

    private static void Sample(StringBuilder text, string name, long value, params IReadOnlyList<(string Name, string Value)> labels) =>
        text.Append(name).Append('{')
            .AppendJoin(',', labels.Select(l => $"{l.Name}=\"{Escape(l.Value)}\""))
            .Append("} ").Append(value.ToString(CultureInfo.InvariantCulture)).Append('\n');

    private static string Escape(string value) =>
        value.Replace("\\", "\\\\", StringComparison.Ordinal)
            .Replace("\"", "\\\"", StringComparison.Ordinal)
            .Replace("\n", "\\n", StringComparison.Ordinal);
}
