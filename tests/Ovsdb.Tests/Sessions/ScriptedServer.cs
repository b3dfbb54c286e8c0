using System.Net.Sockets;
using System.Text.Json;
using System.Text.Json.Nodes;
using System.Threading.Channels;

namespace Dpf.Ovsdb.Tests.Sessions;

/// <summary>A database server that says what the test says. Each call of the client is one line of <see cref="CallAsync"/>.</summary>
internal sealed class ScriptedServer : IAsyncDisposable
{
    public const string Schema = """
        {"name": "Test", "version": "1.0.0", "tables": {"T": {"isRoot": true, "columns": {
          "name": {"type": "string"},
          "tags": {"type": {"key": "string", "min": 0, "max": "unlimited"}},
          "ids": {"type": {"key": "string", "value": "string", "min": 0, "max": "unlimited"}}}}}}
        """;

    private readonly Channel<(Socket Connection, JsonNode Message)> _messages = Channel.CreateUnbounded<(Socket, JsonNode)>();
    private readonly List<Socket> _sockets = [];
    private readonly CancellationTokenSource _stop = new();
    private Socket _last = null!;

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    /// <summary>How many connections there have been.</summary>
    public int Connections => _sockets.Count / 2;

    /// <summary>Opens a connection for the client.</summary>
    public async Task<Stream> ConnectAsync(CancellationToken cancellation)
    {
        using var listener = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        listener.Bind(new System.Net.IPEndPoint(System.Net.IPAddress.Loopback, 0));
        listener.Listen(1);
        var client = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        await client.ConnectAsync(listener.LocalEndPoint!, cancellation);
        var server = await listener.AcceptAsync(cancellation);
        _sockets.AddRange([client, server]);
        _ = ReadAsync(server);
        return new NetworkStream(client, ownsSocket: true);
    }

    /// <summary>The next call of a method; answers to our own calls are left out.</summary>
    public async Task<JsonNode> CallAsync(string method)
    {
        while (true)
        {
            (_last, var message) = await _messages.Reader.ReadAsync(Cancellation);
            if (message["method"] is not null)
            {
                Assert.Equal(method, (string?)message["method"]);
                return message;
            }
        }
    }

    /// <summary>The next message that is an answer of the client.</summary>
    public async Task<JsonNode> AnswerAsync()
    {
        (_last, var message) = await _messages.Reader.ReadAsync(Cancellation);
        Assert.NotNull(message["result"]);
        return message;
    }

    public Task ReplyAsync(JsonNode call, string result) => SendAsync($$"""{"id": {{call["id"]!.ToJsonString()}}, "result": {{result}}, "error": null}""");

    public Task RefuseAsync(JsonNode call) => SendAsync($$"""{"id": {{call["id"]!.ToJsonString()}}, "result": null, "error": "unknown method"}""");

    public async Task SendAsync(string json) => await _last.SendAsync(System.Text.Encoding.UTF8.GetBytes(json), Cancellation);

    /// <summary>Ends the connection.</summary>
    public void Hangup() => _last.Dispose();

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        _sockets.ForEach(s => s.Dispose());
        _stop.Dispose();
    }

    private async Task ReadAsync(Socket connection)
    {
        var text = new List<byte>();
        var buffer = new byte[65536];
        try
        {
            while (await connection.ReceiveAsync(buffer, _stop.Token) is > 0 and var count)
            {
                text.AddRange(buffer[..count]);
                while (TryTake(text) is { } message)
                {
                    await _messages.Writer.WriteAsync((connection, message), _stop.Token);
                }
            }
        }
        catch (Exception e) when (e is SocketException or ObjectDisposedException or OperationCanceledException)
        {
            // The connection is over.
        }
    }

    private static JsonNode? TryTake(List<byte> text)
    {
        var reader = new Utf8JsonReader(text.ToArray(), isFinalBlock: false, default);
        if (text.Count == 0 || !reader.Read() || !reader.TrySkip())
        {
            return null;
        }

        var message = JsonNode.Parse(text.Take((int)reader.BytesConsumed).ToArray());
        text.RemoveRange(0, (int)reader.BytesConsumed);
        return message;
    }
}
