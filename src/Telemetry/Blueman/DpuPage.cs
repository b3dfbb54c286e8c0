using System.Globalization;
using System.Net;

namespace Dpf.Telemetry.Blueman;

/// <summary>Blueman's page of a DPU, as HTML.</summary>
public static class DpuPage
{
    private const string Style = """
        body { font: 15px/1.5 system-ui, sans-serif; margin: 2rem auto; max-width: 62rem; padding: 0 1rem; color: #1b1f23; }
        h1 { font-size: 1.5rem; } h2 { font-size: 1.1rem; margin-top: 2rem; }
        table { border-collapse: collapse; width: 100%; } th, td { text-align: left; padding: .3rem .8rem .3rem 0; border-bottom: 1px solid #e1e4e8; }
        td.number, th.number { text-align: right; font-variant-numeric: tabular-nums; }
        .ok { color: #1a7f37; } .bad { color: #cf222e; font-weight: 600; }
        @media (prefers-color-scheme: dark) { body { background: #0d1117; color: #e6edf3; } th, td { border-color: #30363d; } }
        """;

    /// <summary>Writes the page.</summary>
    public static string Write(DpuFacts facts)
    {
        var name = facts.Identity[0].Value;
        var identity = facts.Identity.Select(i => $"<tr><th>{Text(i.Name)}</th><td>{Text(i.Value)}</td></tr>");
        var health = facts.Health.Select(h =>
            $"<tr><th>{Text(h.What)}</th><td class=\"{(h.IsOk ? "ok" : "bad")}\">{(h.IsOk ? "OK" : "Problem")}</td><td>{Text(h.Detail)}</td></tr>");
        var ports = facts.Ports.Select(p =>
            $"<tr><td>{Text(p.Bridge)}</td><td>{Text(p.Name)}</td><td class=\"{(p.IsUp ? "ok" : "bad")}\">{(p.IsUp ? "up" : "down")}</td>" +
            string.Concat(
                new[] { "rx_packets", "rx_bytes", "rx_dropped", "tx_packets", "tx_bytes", "tx_dropped" }.Select(c =>
                    $"<td class=\"number\">{p.Statistics.GetValueOrDefault(c).ToString("N0", CultureInfo.InvariantCulture)}</td>")) +
            "</tr>");
        return $"""
            <!doctype html>
            <html lang="en">
            <head><meta charset="utf-8"><meta name="viewport" content="width=device-width"><meta http-equiv="refresh" content="5">
            <title>Blueman: {Text(name)}</title><style>{Style}</style></head>
            <body>
            <h1>DPU {Text(name)}</h1>
            <table>{string.Concat(identity)}</table>
            <h2>Health</h2>
            <table>{string.Concat(health)}</table>
            <h2>Switch ports</h2>
            <table><tr><th>Bridge</th><th>Port</th><th>Link</th><th class="number">Packets in</th><th class="number">Bytes in</th>
            <th class="number">Dropped</th><th class="number">Packets out</th><th class="number">Bytes out</th><th class="number">Dropped</th></tr>
            {string.Concat(ports)}</table>
            </body></html>

            """;
    }

    private static string Text(string value) => WebUtility.HtmlEncode(value);
}
