using System.Net;
using System.Net.WebSockets;
using System.Text;
using System.Text.Json.Nodes;
using Dpf.Runtime.Clusters;

namespace Dpf.Runtime.Pods;

/// <summary>What a command in a container left behind.</summary>
/// <param name="ExitCode">Its exit code.</param>
/// <param name="Output">Standard output.</param>
/// <param name="Error">Standard error.</param>
public sealed record ExecResult(int ExitCode, string Output, string Error)
{
    /// <summary>Whether it exited with 0.</summary>
    public bool Succeeded => ExitCode == 0;
}

/// <summary>Runs commands in containers through the API server (pods/exec over WebSocket, <c>v5.channel.k8s.io</c>).</summary>
public static class PodExec
{
    private const int StandardOutput = 1;
    private const int StandardError = 2;
    private const int Status = 3;

    /// <summary>Runs a command to its end.</summary>
    /// <exception cref="WebSocketException">The API server refused the stream, or it broke.</exception>
    /// <exception cref="PodExecException">The command could not be started.</exception>
    public static async Task<ExecResult> ExecAsync(
        this KubeClient client, string ns, string pod, string? container, IReadOnlyList<string> command, CancellationToken cancellation)
    {
        using var socket = new ClientWebSocket();
        socket.Options.AddSubProtocol("v5.channel.k8s.io");
        socket.Options.AddSubProtocol("v4.channel.k8s.io");

        // On the connection that is there already, where the server takes WebSockets on it (RFC 8441); else on one of its own.
        socket.Options.HttpVersion = HttpVersion.Version20;
        socket.Options.HttpVersionPolicy = HttpVersionPolicy.RequestVersionOrLower;
        if (client.Connection.Token?.Invoke() is { Length: > 0 } token)
        {
            socket.Options.SetRequestHeader("Authorization", "Bearer " + token);
        }

        var query = string.Join('&', command.Select(word => "command=" + Uri.EscapeDataString(word)));
        var target = new UriBuilder(client.Connection.Server)
        {
            Scheme = "wss",
            Path = $"/api/v1/namespaces/{ns}/pods/{pod}/exec",
            Query = $"{query}&stdout=true&stderr=true{(container is null ? "" : "&container=" + Uri.EscapeDataString(container))}",
        };
        await socket.ConnectAsync(target.Uri, client.Streams, cancellation);
        return await ReadAsync(socket, cancellation);
    }

    private static async Task<ExecResult> ReadAsync(ClientWebSocket socket, CancellationToken cancellation)
    {
        var streams = new[] { new StringBuilder(), new StringBuilder(), new StringBuilder(), new StringBuilder() };
        var buffer = new byte[16 * 1024];
        var channel = -1;
        while (true)
        {
            var frame = await socket.ReceiveAsync(buffer.AsMemory(), cancellation);
            if (frame.MessageType == WebSocketMessageType.Close)
            {
                break;
            }

            var start = 0;
            if (channel < 0 && frame.Count > 0)
            {
                channel = buffer[0];
                start = 1;
            }

            if (channel is >= 0 and < 4)
            {
                streams[channel].Append(Encoding.UTF8.GetString(buffer, start, frame.Count - start));
            }

            if (frame.EndOfMessage)
            {
                channel = -1;
            }
        }

        return new ExecResult(
            ExitCode(streams[Status].ToString()), streams[StandardOutput].ToString(), streams[StandardError].ToString());
    }

    private static int ExitCode(string status)
    {
        if (status.Length == 0 || JsonNode.Parse(status) is not JsonObject result)
        {
            throw new WebSocketException("the stream ended before the command did");
        }

        if ((string?)result["status"] == "Success")
        {
            return 0;
        }

        foreach (var cause in result["details"]?["causes"]?.AsArray() ?? [])
        {
            if ((string?)cause!["reason"] == "ExitCode")
            {
                return int.Parse((string)cause["message"]!, System.Globalization.CultureInfo.InvariantCulture);
            }
        }

        throw new PodExecException((string?)result["message"] ?? status);
    }
}
