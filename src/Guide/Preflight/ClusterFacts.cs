using System.Globalization;
using System.Net.Sockets;
using Dpf.Guide.Variables;
using Dpf.Runtime.Clusters;
using k8s.Models;

namespace Dpf.Guide.Preflight;

/// <summary>What a preflight looks at.</summary>
/// <param name="Version">The API server's version, e.g. <c>v1.30.2</c>.</param>
/// <param name="Nodes">The nodes.</param>
/// <param name="DaemonSets">Every DaemonSet.</param>
/// <param name="Unreachable">Why nothing answers where the variables say that the API server is; null when it does.</param>
public sealed record ClusterFacts(
    string Version, IReadOnlyList<V1Node> Nodes, IReadOnlyList<(string Namespace, string Name)> DaemonSets, string? Unreachable)
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(5);

    /// <summary>Looks at a cluster.</summary>
    /// <exception cref="KubeException">It does not say.</exception>
    public static async Task<ClusterFacts> ReadAsync(KubeClient client, GuideVariables variables, CancellationToken cancellation)
    {
        var version = await client.GetRawAsync("/version", cancellation);
        return new ClusterFacts(
            (string?)version?["gitVersion"] ?? "",
            await client.ListAsync<V1Node>(null, cancellation),
            [.. (await client.ListAsync<V1DaemonSet>(null, cancellation)).Select(d => (d.Metadata.NamespaceProperty, d.Metadata.Name))],
            await DialAsync(
                variables["TARGETCLUSTER_API_SERVER_HOST"], int.Parse(variables["TARGETCLUSTER_API_SERVER_PORT"], CultureInfo.InvariantCulture), cancellation));
    }

    private static async Task<string?> DialAsync(string host, int port, CancellationToken cancellation)
    {
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        limit.CancelAfter(Patience);
        using var socket = new Socket(SocketType.Stream, ProtocolType.Tcp);
        try
        {
            await socket.ConnectAsync(host, port, limit.Token);
            return null;
        }
        catch (SocketException e)
        {
            return e.Message;
        }
        catch (OperationCanceledException) when (!cancellation.IsCancellationRequested)
        {
            return $"no answer in {Patience.TotalSeconds:0} s";
        }
    }
}
