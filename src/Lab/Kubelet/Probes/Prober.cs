using System.Net.Security;
using System.Net.Sockets;
using Dpf.Lab.Kubelet.Containers;
using Dpf.Runtime.Machines;
using k8s.Models;

namespace Dpf.Lab.Kubelet.Probes;

/// <summary>Does one probe of a container.</summary>
internal sealed class Prober(NodeContext node, INetworkNamespace network, string address)
{
    /// <summary>Probes once; null when it succeeds, else why not.</summary>
    public async Task<string?> ProbeAsync(V1Probe probe, V1Container container, IRunningContainer running, CancellationToken cancellation)
    {
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        var timeout = TimeSpan.FromSeconds(Math.Max(probe.TimeoutSeconds ?? 1, 1));
        await using var timer = node.Time.CreateTimer(_ => limit.Cancel(), null, timeout, Timeout.InfiniteTimeSpan);
        try
        {
            return probe switch
            {
                { Exec: { } exec } => await ExecAsync(running, [.. exec.Command], limit.Token),
                { HttpGet: { } get } => await HttpAsync(get, container, limit.Token),
                { TcpSocket: { } tcp } => await TcpAsync(tcp.Host, Port(tcp.Port, container), limit.Token),
                { Grpc: { } grpc } => await TcpAsync(null, grpc.Port, limit.Token),
                _ => null,
            };
        }
        catch (OperationCanceledException) when (!cancellation.IsCancellationRequested)
        {
            return $"no answer in {timeout.TotalSeconds:0} s";
        }
        catch (Exception e) when (e is SocketException or HttpRequestException or IOException or FormatException)
        {
            return e.InnerException?.Message ?? e.Message;
        }
    }

    /// <summary>Runs a command in the container; null when it succeeds.</summary>
    public async Task<string?> ExecAsync(IRunningContainer running, IReadOnlyList<string> command, CancellationToken cancellation)
    {
        var result = await node.Machine.RunAsync(running.Exec(command, terminal: false), cancellation);
        return result.Succeeded ? null : $"command exited with {result.ExitCode}: {(result.Output + result.Error).Trim()}";
    }

    /// <summary>A port by number or by the container's name for it.</summary>
    /// <exception cref="FormatException">The container has no port of this name.</exception>
    public static int Port(IntOrString port, V1Container container)
    {
        string text = port;
        return int.TryParse(text, out var number)
            ? number
            : container.Ports?.FirstOrDefault(p => p.Name == text)?.ContainerPort
                ?? throw new FormatException($"the container has no port named {text}");
    }

    /// <summary>Gets a page of the pod; null when the answer is 200 to 399.</summary>
    public async Task<string?> HttpAsync(V1HTTPGetAction get, V1Container container, CancellationToken cancellation)
    {
        var host = get.Host is { Length: > 0 } given ? given : address;
        var port = Port(get.Port, container);
        using var handler = new SocketsHttpHandler
        {
            AllowAutoRedirect = false,
            UseProxy = false,
            ConnectCallback = async (_, stop) => new NetworkStream(await ConnectAsync(host, port, stop), ownsSocket: true),

#pragma warning disable CA5359 // As kubelets do: a probe asks for health, not for identity.
            SslOptions = new SslClientAuthenticationOptions { RemoteCertificateValidationCallback = (_, _, _, _) => true },
#pragma warning restore CA5359
        };
        using var http = new HttpClient(handler);
        var scheme = string.Equals(get.Scheme, "HTTPS", StringComparison.OrdinalIgnoreCase) ? "https" : "http";
        using var request = new HttpRequestMessage(HttpMethod.Get, $"{scheme}://{host}:{port}/{get.Path?.TrimStart('/')}");
        request.Headers.TryAddWithoutValidation("User-Agent", "kube-probe/1.32");
        foreach (var header in get.HttpHeaders ?? [])
        {
            request.Headers.TryAddWithoutValidation(header.Name, header.Value);
        }

        using var response = await http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, cancellation);
        return (int)response.StatusCode is >= 200 and < 400 ? null : $"HTTP probe failed with statuscode: {(int)response.StatusCode}";
    }

    private async Task<string?> TcpAsync(string? host, int port, CancellationToken cancellation)
    {
        using var socket = await ConnectAsync(host is { Length: > 0 } ? host : address, port, cancellation);
        return null;
    }

    private async Task<Socket> ConnectAsync(string host, int port, CancellationToken cancellation)
    {
        var socket = network.CreateSocket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        try
        {
            await socket.ConnectAsync(host, port, cancellation);
            return socket;
        }
        catch
        {
            socket.Dispose();
            throw;
        }
    }
}
