using System.Net.WebSockets;
using System.Text.Json.Nodes;

namespace Dpf.Lab.Kubelet.Serving;

/// <summary>A WebSocket that carries several streams: every message starts with the number of its channel.</summary>
internal sealed class ChannelSocket(WebSocket socket) : IDisposable
{
    /// <summary>Standard input.</summary>
    public const int Input = 0;

    /// <summary>Standard output.</summary>
    public const int Output = 1;

    /// <summary>Standard error.</summary>
    public const int Error = 2;

    /// <summary>How it ended, as a Status.</summary>
    public const int Status = 3;

    private const int Close = 255;
    private readonly SemaphoreSlim _sending = new(1);

    /// <summary>The subprotocols, best first.</summary>
    public static IReadOnlyList<string> Protocols { get; } = ["v5.channel.k8s.io", "v4.channel.k8s.io", "channel.k8s.io"];

    /// <summary>Sends on a channel.</summary>
    public async Task SendAsync(int channel, ReadOnlyMemory<byte> data, CancellationToken cancellation)
    {
        var message = new byte[data.Length + 1];
        message[0] = (byte)channel;
        data.CopyTo(message.AsMemory(1));
        await _sending.WaitAsync(cancellation);
        try
        {
            await socket.SendAsync(message, WebSocketMessageType.Binary, endOfMessage: true, cancellation);
        }
        finally
        {
            _sending.Release();
        }
    }

    /// <summary>The next message, with an empty one for a channel that the other side has closed; null at the end.</summary>
    public async Task<(int Channel, byte[] Data)?> ReceiveAsync(CancellationToken cancellation)
    {
        using var message = new MemoryStream();
        var buffer = new byte[16 * 1024];
        while (true)
        {
            var part = await socket.ReceiveAsync(buffer.AsMemory(), cancellation);
            if (part.MessageType == WebSocketMessageType.Close)
            {
                return null;
            }

            message.Write(buffer, 0, part.Count);
            if (!part.EndOfMessage)
            {
                continue;
            }

            var data = message.ToArray();
            message.SetLength(0);
            switch (data)
            {
                case [Close, var closed, ..]:
                    return (closed, []);
                case [var channel, _, ..]:
                    return (channel, data[1..]);
            }
        }
    }

    /// <summary>Copies a stream to a channel until its end.</summary>
    public async Task CopyAsync(Stream from, int channel, CancellationToken cancellation)
    {
        var buffer = new byte[16 * 1024];
        int read;
        while ((read = await from.ReadAsync(buffer, cancellation)) > 0)
        {
            await SendAsync(channel, buffer.AsMemory(0, read), cancellation);
        }
    }

    /// <summary>Says how it ended, and closes.</summary>
    public async Task EndAsync(int exitCode, string? failure, CancellationToken cancellation)
    {
        var status = exitCode == 0 && failure is null
            ? new JsonObject { ["metadata"] = new JsonObject(), ["status"] = "Success" }
            : failure is not null
                ? new JsonObject { ["metadata"] = new JsonObject(), ["status"] = "Failure", ["reason"] = "InternalError", ["code"] = 500, ["message"] = failure }
                : new JsonObject
                {
                    ["metadata"] = new JsonObject(),
                    ["status"] = "Failure",
                    ["reason"] = "NonZeroExitCode",
                    ["message"] = $"command terminated with non-zero exit code: exit status {exitCode}",
                    ["details"] = new JsonObject
                    {
                        ["causes"] = new JsonArray(new JsonObject { ["reason"] = "ExitCode", ["message"] = exitCode.ToString() }),
                    },
                };
        await SendAsync(Status, System.Text.Encoding.UTF8.GetBytes(status.ToJsonString()), cancellation);
        await socket.CloseAsync(WebSocketCloseStatus.NormalClosure, null, cancellation);
    }

    /// <inheritdoc />
    public void Dispose()
    {
        _sending.Dispose();
        socket.Dispose();
    }
}
