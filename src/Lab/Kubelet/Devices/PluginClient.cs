using System.Buffers.Binary;
using System.Net;
using System.Net.Http.Headers;
using System.Runtime.CompilerServices;
using System.Text;
using Dpf.Lab.Addons.Sriov;
using Dpf.Runtime.Machines;
using Google.Protobuf;

namespace Dpf.Lab.Kubelet.Devices;

/// <summary>A device plugin (gRPC service <c>v1beta1.DevicePlugin</c> on a unix socket).</summary>
internal sealed class PluginClient : IDisposable
{
    private readonly HttpClient _http;

    public PluginClient(string socketPath) => _http = new HttpClient(new SocketsHttpHandler
    {
        ConnectCallback = (_, stop) => Dialing.UnixAsync(socketPath, stop),
    })
    {
        Timeout = Timeout.InfiniteTimeSpan,
    };

    /// <summary>The plugin's devices (id → healthy), again after every change, until the plugin ends.</summary>
    public async IAsyncEnumerable<IReadOnlyDictionary<string, bool>> ListAsync([EnumeratorCancellation] CancellationToken cancellation)
    {
        using var response = await SendAsync("ListAndWatch", [], cancellation);
        await using var body = await response.Content.ReadAsStreamAsync(cancellation);
        while (await ReadAsync(body, cancellation) is { } message)
        {
            Dictionary<string, bool> devices = [];
            foreach (var device in ProtobufMessage.Values(message, 1))
            {
                devices[Text(device, 1)] = Text(device, 2) == "Healthy";
            }

            yield return devices;
        }
    }

    /// <summary>Gives devices to one container.</summary>
    /// <exception cref="HttpRequestException">The plugin refused.</exception>
    public async Task<DeviceAllocation> AllocateAsync(IReadOnlyList<string> devices, CancellationToken cancellation)
    {
        var request = ProtobufMessage.Write(output => output.Message(1, ProtobufMessage.Write(container =>
        {
            foreach (var device in devices)
            {
                container.Text(1, device);
            }
        })));
        using var response = await SendAsync("Allocate", request, cancellation);
        await using var body = await response.Content.ReadAsStreamAsync(cancellation);
        var message = await ReadAsync(body, cancellation);
        await body.CopyToAsync(Stream.Null, cancellation);
        if (message is null)
        {
            throw new HttpRequestException($"Allocate: {Header(response.TrailingHeaders, "grpc-message") ?? Header(response.Headers, "grpc-message") ?? "no answer"}");
        }

        return ProtobufMessage.Values(message, 1) is [var answer, ..] ? Parse(answer) : DeviceAllocation.None;
    }

    /// <summary>The first text of a field, or the empty text.</summary>
    public static string Text(byte[] message, int field) =>
        ProtobufMessage.Values(message, field) is [var value, ..] ? Encoding.UTF8.GetString(value) : "";

    /// <summary>Reads one message of a gRPC stream; null at its end.</summary>
    public static async Task<byte[]?> ReadAsync(Stream body, CancellationToken cancellation)
    {
        var prefix = new byte[5];
        var read = await body.ReadAtLeastAsync(prefix, prefix.Length, throwOnEndOfStream: false, cancellation);
        if (read < prefix.Length)
        {
            return null;
        }

        var message = new byte[BinaryPrimitives.ReadInt32BigEndian(prefix.AsSpan(1))];
        await body.ReadExactlyAsync(message, cancellation);
        return message;
    }

    /// <summary>A message as a gRPC stream carries it.</summary>
    public static byte[] Frame(byte[] message)
    {
        var frame = new byte[5 + message.Length];
        BinaryPrimitives.WriteInt32BigEndian(frame.AsSpan(1), message.Length);
        message.CopyTo(frame, 5);
        return frame;
    }

    /// <inheritdoc />
    public void Dispose() => _http.Dispose();

    private static DeviceAllocation Parse(byte[] answer) => new(
        ProtobufMessage.Values(answer, 1).ToDictionary(e => Text(e, 1), e => Text(e, 2)),
        [.. ProtobufMessage.Values(answer, 2).Select(m => (Text(m, 1), Text(m, 2), Flag(m, 3)))],
        [.. ProtobufMessage.Values(answer, 3).Select(d => new DeviceNode(Text(d, 1), Text(d, 2)))]);

    private static bool Flag(byte[] message, int field)
    {
        var input = new CodedInputStream(message);
        uint tag;
        while ((tag = input.ReadTag()) != 0)
        {
            if (WireFormat.GetTagFieldNumber(tag) == field && WireFormat.GetTagWireType(tag) == WireFormat.WireType.Varint)
            {
                return input.ReadBool();
            }

            input.SkipLastField();
        }

        return false;
    }

    private static string? Header(HttpResponseHeaders headers, string name) =>
        headers.TryGetValues(name, out var values) ? Uri.UnescapeDataString(values.First()) : null;

    private async Task<HttpResponseMessage> SendAsync(string method, byte[] message, CancellationToken cancellation)
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, "http://plugin/v1beta1.DevicePlugin/" + method)
        {
            Version = HttpVersion.Version20,
            VersionPolicy = HttpVersionPolicy.RequestVersionExact,
            Content = new ByteArrayContent(Frame(message)),
        };
        request.Headers.TE.Add(new TransferCodingWithQualityHeaderValue("trailers"));
        request.Content.Headers.ContentType = new MediaTypeHeaderValue("application/grpc");
        var response = await _http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, cancellation);
        return response.EnsureSuccessStatusCode();
    }
}
