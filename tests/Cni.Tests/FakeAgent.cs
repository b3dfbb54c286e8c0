using System.Net.Sockets;
using System.Text;
using System.Text.Json;

namespace Dpf.Cni.Tests;

/// <summary>A node agent that says what the test says, on a socket of its own.</summary>
internal sealed class FakeAgent : IAsyncDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("dpf-cni-").FullName;
    private readonly Socket _listener = new(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
    private readonly Task _serving;
    private readonly string _answer;

    public FakeAgent(int status, string body)
        : this($"HTTP/1.1 {status} Something\r\nContent-Length: {Encoding.UTF8.GetByteCount(body)}\r\n\r\n{body}")
    {
    }

    public FakeAgent(string answer)
    {
        _answer = answer;
        Socket = Path.Combine(_folder, "agent.sock");
        _listener.Bind(new UnixDomainSocketEndPoint(Socket));
        _listener.Listen();
        _serving = ServeAsync();
    }

    public string Socket { get; }

    /// <summary>What was asked; null before anything was.</summary>
    public PluginRequest? Asked { get; private set; }

    public async ValueTask DisposeAsync()
    {
        _listener.Dispose();
        await _serving;
        Directory.Delete(_folder, recursive: true);
    }

    private async Task ServeAsync()
    {
        try
        {
            while (true)
            {
                using var connection = await _listener.AcceptAsync();
                Asked = JsonSerializer.Deserialize(await ReadAsync(connection), ProtocolJson.Default.PluginRequest);
                await connection.SendAsync(Encoding.UTF8.GetBytes(_answer));
            }
        }
        catch (Exception e) when (e is SocketException or ObjectDisposedException)
        {
            // The test is over.
        }
    }

    private static async Task<string> ReadAsync(Socket connection)
    {
        var received = "";
        var buffer = new byte[65536];
        while (true)
        {
            received += Encoding.ASCII.GetString(buffer, 0, await connection.ReceiveAsync(buffer));
            var end = received.IndexOf("\r\n\r\n", StringComparison.Ordinal);
            if (end > 0)
            {
                Assert.StartsWith("POST / HTTP/1.1\r\n", received, StringComparison.Ordinal);
                var length = received[..end].Split("\r\n").Single(l => l.StartsWith("Content-Length: ", StringComparison.Ordinal));
                if (received.Length >= end + 4 + int.Parse(length["Content-Length: ".Length..]))
                {
                    return received[(end + 4)..];
                }
            }
        }
    }
}
