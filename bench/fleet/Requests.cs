using System.Globalization;
using Dpf.Fleet;
using Dpf.Fleet.Clusters;

namespace Dpf.FleetBench;

/// <summary>How often every API server was asked for what, and how many changes it told in watches.</summary>
internal static class Requests
{
    /// <summary>The verb under which changes told in watches are counted.</summary>
    public const string Told = "TOLD";

    /// <summary>The counts of all clusters together, by verb and resource.</summary>
    public static async Task<Dictionary<string, long>> OfAsync(FleetWorld world)
    {
        var sum = new Dictionary<string, long>(StringComparer.Ordinal);
        foreach (var cluster in world.DpuClusters.Prepend(world.Management))
        {
            foreach (var line in (await TextAsync(cluster)).Split('\n'))
            {
                if (line.StartsWith("apiserver_request_total{", StringComparison.Ordinal))
                {
                    Add($"{Value(line, "verb")} {Value(line, "resource")}{(Value(line, "code")[0] == '2' ? "" : " " + Value(line, "code"))}", line);
                }
                else if (line.StartsWith("apiserver_watch_events_total{", StringComparison.Ordinal))
                {
                    Add($"{Told} {Value(line, "kind")}", line);
                }
            }
        }

        return sum;

        void Add(string key, string line) =>
            sum[key] = sum.GetValueOrDefault(key) + long.Parse(line[(line.LastIndexOf(' ') + 1)..], CultureInfo.InvariantCulture);
    }

    private static async Task<string> TextAsync(FleetCluster cluster)
    {
        using var http = new HttpClient(cluster.Admin.Connection.CreateHandler()) { BaseAddress = cluster.Address };
        return await http.GetStringAsync("/metrics");
    }

    private static string Value(string line, string label)
    {
        var from = line.IndexOf(label + "=\"", StringComparison.Ordinal) + label.Length + 2;
        return line[from..line.IndexOf('"', from)];
    }
}
