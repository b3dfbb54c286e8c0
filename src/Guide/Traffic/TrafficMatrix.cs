using System.Globalization;
using System.Net.WebSockets;
using System.Text.RegularExpressions;
using Dpf.Runtime.Clusters;
using Dpf.Runtime.Pods;
using k8s.Models;

namespace Dpf.Guide.Traffic;

/// <summary>Asks the questions: each a real ping or connection made inside the pod.</summary>
public sealed partial class TrafficMatrix(KubeClient client, TimeProvider time)
{
    private const string Namespace = "default";
    private const int ConnectionsPerBackend = 8;
    private const int AtOnce = 4;

    // $0 the service, $1 the most connections, $2 how many different answers are enough.
    private const string UntilAllAnswered =
        """
        i=0 n=0 all=
        while [ $i -lt $1 ]; do
          answer=$(socat -T3 - "$0") || exit 1
          echo "$answer"
          case " $all " in *" $answer "*) ;; *) all="$all $answer" n=$((n + 1)) ;; esac
          [ $n -lt $2 ] || exit 0
          i=$((i + 1))
        done
        """;

    /// <summary>How long a cell may keep trying before it counts as broken.</summary>
    public TimeSpan Patience { get; init; } = TimeSpan.FromSeconds(20);

    /// <summary>Runs the whole matrix; <paramref name="done"/> sees each cell as it is answered.</summary>
    /// <param name="outside">Addresses outside the cluster.</param>
    /// <param name="done">Called for each cell.</param>
    /// <param name="cancellation">Cancels.</param>
    public async Task<IReadOnlyList<TrafficCell>> RunAsync(IReadOnlyList<string> outside, Action<TrafficCell>? done, CancellationToken cancellation)
    {
        var (pods, cells) = await PodsAsync(cancellation);
        cells.ForEach(cell => done?.Invoke(cell));
        var service = await client.GetAsync<V1Service>(Namespace, "traffic", cancellation);
        var probes = TrafficPlan.For(pods, service, outside);
        var answered = new TrafficCell[probes.Count];
        var options = new ParallelOptions { MaxDegreeOfParallelism = AtOnce, CancellationToken = cancellation };
        await Parallel.ForAsync(0, probes.Count, options, async (i, stop) =>
        {
            answered[i] = await AskAsync(probes[i], stop);
            lock (answered)
            {
                done?.Invoke(answered[i]);
            }
        });
        return [.. cells, .. answered];
    }

    // A matrix of the pods that happen to be there would call a worker without any of them good.
    private async Task<(IReadOnlyList<V1Pod> Pods, List<TrafficCell> Lacking)> PodsAsync(CancellationToken cancellation)
    {
        var start = time.GetTimestamp();
        while (true)
        {
            var nodes = await client.ListAsync<V1Node>(null, cancellation);
            var workers = nodes.Where(n => n.Metadata.Labels?.ContainsKey("node-role.kubernetes.io/worker") == true).Select(n => n.Metadata.Name);
            var pods = await client.ListAsync<V1Pod>(Namespace, cancellation);
            var lacking = TrafficPlan.Lacking(pods, workers);
            if (lacking.Count == 0 || time.GetElapsedTime(start) > Patience)
            {
                return (pods, [.. lacking]);
            }

            await Task.Delay(TimeSpan.FromMilliseconds(200), time, cancellation);
        }
    }

    private async Task<TrafficCell> AskAsync(TrafficProbe probe, CancellationToken cancellation)
    {
        var start = time.GetTimestamp();
        while (true)
        {
            bool ok;
            string detail;
            try
            {
                (ok, detail) = probe.Port is null ? await PingAsync(probe, cancellation) : await ConnectAsync(probe, cancellation);
            }
            catch (Exception e) when (e is WebSocketException or PodExecException or HttpRequestException or IOException)
            {
                (ok, detail) = (false, e.Message);
            }

            if (ok || time.GetElapsedTime(start) > Patience)
            {
                return new TrafficCell(probe.From, probe.To, probe.Kind, ok, detail);
            }

            await Task.Delay(TimeSpan.FromMilliseconds(200), time, cancellation);
        }
    }

    private async Task<(bool Ok, string Detail)> PingAsync(TrafficProbe probe, CancellationToken cancellation)
    {
        var result = await ExecAsync(probe, ["ping", "-c", "1", "-W", "1", probe.Address], cancellation);
        var trip = RoundTrip().Match(result.Output);
        return result.Succeeded && trip.Success
            ? (true, $"{trip.Groups[1].Value} ms")
            : (false, LastLine(result.Error.Length > 0 ? result.Error : result.Output));
    }

    private async Task<(bool Ok, string Detail)> ConnectAsync(TrafficProbe probe, CancellationToken cancellation)
    {
        // All from one shell: entering a pod costs more than a connection.
        var result = await ExecAsync(
            probe,
            [
                "sh", "-c", UntilAllAnswered,
                $"TCP:{AddressText.At(probe.Address, probe.Port!.Value)},connect-timeout=2",
                (ConnectionsPerBackend * Math.Max(1, probe.Answers!.Count)).ToString(CultureInfo.InvariantCulture),
                probe.Answers.Count.ToString(CultureInfo.InvariantCulture),
            ],
            cancellation);
        if (!result.Succeeded)
        {
            return (false, LastLine(result.Error));
        }

        var answers = result.Output.Split('\n', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries);
        var missing = probe.Answers.Except(answers, StringComparer.Ordinal).ToList();
        return probe.Answers.Count == 0 ? (false, "the service has no backend")
            : missing.Count == 0 ? (true, $"{probe.Answers.Count} of {probe.Answers.Count} backends")
            : (false, $"no answer from {string.Join(", ", missing)}; last answer '{answers.LastOrDefault()}'");
    }

    private Task<ExecResult> ExecAsync(TrafficProbe probe, IReadOnlyList<string> command, CancellationToken cancellation) =>
        client.ExecAsync(Namespace, probe.From.Split(' ')[0], null, command, cancellation);

    private static string LastLine(string text) => text.Trim().Split('\n')[^1].Trim();

    [GeneratedRegex(@"time[=<]([\d.]+) ms", RegexOptions.None, 1000)]
    private static partial Regex RoundTrip();
}
