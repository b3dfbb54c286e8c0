using System.Globalization;
using System.Net.WebSockets;
using System.Text.RegularExpressions;
using Dpf.Runtime.Clusters;
using Dpf.Runtime.Pods;

namespace Dpf.Guide.Traffic;

/// <summary>Measures from inside a pod.</summary>
/// <param name="client">The cluster.</param>
/// <param name="pod">The pod that asks.</param>
/// <param name="duration">How long the throughput is measured.</param>
internal sealed partial class FlowProbe(KubeClient client, string pod, TimeSpan duration)
{
    private const string Connect =
        "for i in 1 2 3 4 5; do curl -gs --connect-timeout \"$1\" -m 5 -w ' connect=%{time_connect}\\n' \"http://$0/\" || exit; done";

    private const string Once = "curl -gs --connect-timeout \"$1\" -m 5 \"http://$0/\"";

    // What the server counted; its count comes when the connection is over. A connection that stands still is given up.
    private const string Send =
        "start=$(date +%s%N); count=$(timeout \"$1\" cat /dev/zero | socat -T 5 -t 5 - \"TCP:$0,connect-timeout=3\" 2>&1); echo \"bytes=$count nanoseconds=$(($(date +%s%N)-start))\"";

    /// <summary>Whether the server answers.</summary>
    public async Task<bool> AnswersAsync(string address, CancellationToken cancellation) =>
        (await ExecAsync(["sh", "-c", Once, address, "1"], cancellation)).Succeeded;

    /// <summary>The shortest of five handshakes; null, with the reason, when one failed.</summary>
    public async Task<(TimeSpan? Shortest, string Reason)> HandshakeAsync(string address, CancellationToken cancellation)
    {
        var result = await ExecAsync(["sh", "-c", Connect, address, "2"], cancellation);
        var times = Connects().Matches(result.Output).Select(match => Seconds(match.Groups[1].Value)).ToList();
        return result.Succeeded && times.Count > 0 ? (times.Min(), "") : (null, CurlFailure(result.ExitCode));
    }

    /// <summary>The shortest of five pings; null, with the reason, when none came back.</summary>
    public async Task<(TimeSpan? Shortest, string Reason)> PingAsync(string address, CancellationToken cancellation)
    {
        var result = await ExecAsync(["ping", "-c", "5", "-i", "0.2", "-W", "2", address], cancellation);
        var shortest = RoundTrip().Match(result.Output);
        return result.Succeeded && shortest.Success
            ? (Seconds(shortest.Groups[1].Value) / 1000, "")
            : (null, (result.Error.Length > 0 ? result.Error : result.Output).Trim().Split('\n')[^1]);
    }

    /// <summary>Sends for a while over one connection: what arrived, and how long it took; nothing, with the reason, when nothing did.</summary>
    public async Task<(long Bytes, TimeSpan Took, string Reason)> SendAsync(string address, CancellationToken cancellation)
    {
        var result = await ExecAsync(["sh", "-c", Send, address, duration.TotalSeconds.ToString("0.###", CultureInfo.InvariantCulture)], cancellation);
        var match = Sent().Match(result.Output);
        return match.Success
            ? (long.Parse(match.Groups[1].Value, CultureInfo.InvariantCulture), TimeSpan.FromSeconds(long.Parse(match.Groups[2].Value, CultureInfo.InvariantCulture) / 1e9), "")
            : (0, TimeSpan.Zero, SocatFailure(result.Output + result.Error));
    }

    private static TimeSpan Seconds(string text) => TimeSpan.FromSeconds(double.Parse(text, CultureInfo.InvariantCulture));

    private static string CurlFailure(int code) => code switch
    {
        7 => "the connection was refused",
        28 => "no answer in time",
        52 or 56 => "the connection broke",
        _ => $"curl exited with {code}",
    };

    // 2026/01/01 00:00:00 socat[1] E connect(…): Connection refused
    private static string SocatFailure(string output) =>
        SocatError().Match(output) is { Success: true } error ? error.Groups[1].Value.Trim() : "the server's count did not come back in time";

    private async Task<ExecResult> ExecAsync(IReadOnlyList<string> command, CancellationToken cancellation)
    {
        try
        {
            return await client.ExecAsync(FlowObjects.Namespace, pod, FlowObjects.Container, command, cancellation);
        }
        catch (Exception e) when (e is WebSocketException or PodExecException or HttpRequestException or IOException)
        {
            return new ExecResult(-1, "", $"exec in {pod}: {e.Message}");
        }
    }

    [GeneratedRegex(@"connect=([\d.]+)", RegexOptions.None, 1000)]
    private static partial Regex Connects();

    [GeneratedRegex(@"min/avg/max(?:/mdev)? = ([\d.]+)/", RegexOptions.None, 1000)]
    private static partial Regex RoundTrip();

    [GeneratedRegex(@"socat\[\d+\] E (.+)", RegexOptions.None, 1000)]
    private static partial Regex SocatError();

    [GeneratedRegex(@"bytes=(\d+) nanoseconds=(\d+)", RegexOptions.None, 1000)]
    private static partial Regex Sent();
}
