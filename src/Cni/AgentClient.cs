using System.Globalization;
using System.Net.Sockets;
using System.Text;
using System.Text.Json;

namespace Dpf.Cni;

/// <summary>The node agent refused, or could not be reached.</summary>
/// <param name="code">The CNI error code.</param>
/// <param name="message">What went wrong.</param>
public sealed class AgentException(int code, string message) : Exception(message)
{
    /// <summary>The CNI error code: 11 means "try again later", 100 a failure of the plugin.</summary>
    public int Code { get; } = code;
}

/// <summary>Asks the node agent over its unix socket: one request, one answer, one connection.</summary>
public static class AgentClient
{
    /// <summary>Where the agent listens.</summary>
    public const string SocketPath = "/run/ovn-kubernetes/cni/ovn-cni-server.sock";

    // The agent gives up after two minutes; a little longer here lets its own words come through.
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(125);

    /// <summary>Sends a request.</summary>
    /// <exception cref="AgentException">The agent is not there, or refused.</exception>
    public static PluginResponse Send(PluginRequest request, string socketPath = SocketPath)
    {
        var body = JsonSerializer.SerializeToUtf8Bytes(request, ProtocolJson.Default.PluginRequest);
        using var socket = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified)
        {
            ReceiveTimeout = (int)Limit.TotalMilliseconds,
            SendTimeout = (int)Limit.TotalMilliseconds,
        };
        try
        {
            socket.Connect(new UnixDomainSocketEndPoint(socketPath));
            var header = $"POST / HTTP/1.1\r\nHost: dummy\r\nContent-Type: application/json\r\n" +
                string.Create(CultureInfo.InvariantCulture, $"Content-Length: {body.Length}\r\nConnection: close\r\n\r\n");
            socket.Send(Encoding.ASCII.GetBytes(header));
            socket.Send(body);
            using var stream = new NetworkStream(socket);
            using var answer = new MemoryStream();
            stream.CopyTo(answer);
            return Read(answer.ToArray());
        }
        catch (Exception e) when (e is SocketException or IOException)
        {
            throw new AgentException(
                11, $"the node agent does not answer at {socketPath}: {e.Message}; is its pod running on this node?");
        }
    }

    /// <summary>Reads an HTTP answer that ends with its connection.</summary>
    internal static PluginResponse Read(ReadOnlySpan<byte> answer)
    {
        var end = answer.IndexOf("\r\n\r\n"u8);
        var status = end > 0 ? Encoding.ASCII.GetString(answer[..answer.IndexOf("\r\n"u8)]).Split(' ') : [];
        if (status.Length < 2)
        {
            throw new AgentException(100, "the node agent ended the connection without an answer");
        }

        var body = answer[(end + 4)..];
        return status[1] switch
        {
            "200" => Response(body),
            "503" => throw new AgentException(50, Encoding.UTF8.GetString(body)),
            _ => throw new AgentException(100, Encoding.UTF8.GetString(body)),
        };
    }

    private static PluginResponse Response(ReadOnlySpan<byte> body)
    {
        try
        {
            return JsonSerializer.Deserialize(body, ProtocolJson.Default.PluginResponse) ?? new PluginResponse();
        }
        catch (JsonException e)
        {
            throw new AgentException(100, $"the node agent's answer is not JSON: {e.Message}");
        }
    }
}
