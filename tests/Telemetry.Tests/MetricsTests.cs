using Dpf.Telemetry.Blueman;
using Dpf.Telemetry.Dts;

namespace Dpf.Telemetry.Tests;

public sealed class MetricsTests
{
    private const string Table = """
        Inter-|   Receive                                                |  Transmit
         face |bytes    packets errs drop fifo frame compressed multicast|bytes    packets errs drop fifo colls carrier compressed
            lo:     100       2    0    0    0     0          0         0      100       2    0    0    0     0       0          0
        pf0vf2: 1234567    8901    3    4    0     0          0         0     7654    1098    5    6    0     0       0          0
        """;

    private static readonly SwitchPort Uplink =
        new("br-sfc", "p0", "", true, new Dictionary<string, long> { ["rx_packets"] = 42 });

    [Fact]
    public void DevicesAreReadByColumn()
    {
        var devices = NetworkDevices.Parse(Table);

        Assert.Equal(["lo", "pf0vf2"], devices.Select(d => d.Name));
        var counters = devices[1].Counters;
        Assert.Equal(
            (1234567, 8901, 3, 4, 7654, 1098, 5, 6),
            (counters["rx_bytes"], counters["rx_packets"], counters["rx_errors"], counters["rx_dropped"], counters["tx_bytes"],
                counters["tx_packets"], counters["tx_errors"], counters["tx_dropped"]));
    }

    [Fact]
    public void EveryFamilyIsDescribedOnceBeforeItsSamples()
    {
        var page = Metrics.Write("dpu1", true, [Uplink, Uplink with { Name = "p1" }], NetworkDevices.Parse(Table));

        Assert.Contains(
            "# TYPE dpu_ovs_interface_rx_packets_total counter\n" +
            "dpu_ovs_interface_rx_packets_total{node=\"dpu1\",bridge=\"br-sfc\",interface=\"p0\",type=\"\"} 42\n" +
            "dpu_ovs_interface_rx_packets_total{node=\"dpu1\",bridge=\"br-sfc\",interface=\"p1\",type=\"\"} 42\n",
            page, StringComparison.Ordinal);
        Assert.Contains("dpu_interface_rx_bytes_total{node=\"dpu1\",interface=\"pf0vf2\"} 1234567\n", page, StringComparison.Ordinal);
        var types = page.Split('\n').Where(l => l.StartsWith("# TYPE", StringComparison.Ordinal)).ToList();
        Assert.Equal(types.Distinct(), types);
    }

    [Fact]
    public void LabelsAreEscaped() => Assert.Contains(
        "interface=\"a\\\"b\\\\c\"", Metrics.Write("n", true, [Uplink with { Name = "a\"b\\c" }], []), StringComparison.Ordinal);

    [Fact]
    public void ThePageEscapesWhatItShows()
    {
        var page = DpuPage.Write(new DpuFacts
        {
            Identity = [("DPU", "<b>dpu</b>")],
            Health = [new Health("Open vSwitch", false, "down & out")],
            Ports = [Uplink],
        });

        Assert.DoesNotContain("<b>", page, StringComparison.Ordinal);
        Assert.Contains("<td class=\"bad\">Problem</td><td>down &amp; out</td>", page, StringComparison.Ordinal);
    }
}
