using System.Buffers;
using System.IO.Pipelines;
using System.Runtime.CompilerServices;
using System.Text.Json;

namespace Dpf.Runtime.Clusters;

/// <summary>One change of a watch as the server wrote it.</summary>
/// <param name="Kind">ADDED, MODIFIED, DELETED, BOOKMARK or ERROR.</param>
/// <param name="Object">The object's JSON; good until the next frame is asked for.</param>
internal readonly record struct WatchFrame(string Kind, ReadOnlySequence<byte> Object);

/// <summary>
/// Reads a watch's stream: one JSON object a line (<c>{"type": …, "object": …}</c>). Every agent reads all changes of its kinds, so
/// they stay the bytes that came, and the object is read once.
/// </summary>
internal static class WatchFrames
{
    /// <summary>The frames until the stream ends. What an aborted stream left of a last line is no frame.</summary>
    /// <exception cref="JsonException">A line is no such object.</exception>
    public static async IAsyncEnumerable<WatchFrame> ReadAsync(Stream stream, [EnumeratorCancellation] CancellationToken cancellation)
    {
        var reader = PipeReader.Create(stream, new StreamPipeReaderOptions(leaveOpen: true));
        try
        {
            while (true)
            {
                var result = await reader.ReadAsync(cancellation);
                var rest = result.Buffer;
                while (rest.PositionOf((byte)'\n') is { } end)
                {
                    var line = rest.Slice(0, end);
                    rest = rest.Slice(rest.GetPosition(1, end));
                    if (!IsBlank(line))
                    {
                        yield return Frame(line);
                    }
                }

                reader.AdvanceTo(rest.Start, rest.End);
                if (result.IsCompleted)
                {
                    yield break;
                }
            }
        }
        finally
        {
            await reader.CompleteAsync();
        }
    }

    private static bool IsBlank(ReadOnlySequence<byte> line) => line.Length == 0 || (line.Length == 1 && line.FirstSpan[0] == '\r');

    private static WatchFrame Frame(ReadOnlySequence<byte> line)
    {
        var json = new Utf8JsonReader(line);
        string? kind = null;
        ReadOnlySequence<byte>? content = null;
        json.Read();
        while (json.Read() && json.TokenType == JsonTokenType.PropertyName)
        {
            var (isKind, isObject) = (json.ValueTextEquals("type"u8), json.ValueTextEquals("object"u8));
            json.Read();
            var start = json.TokenStartIndex;
            kind = isKind ? json.GetString() : kind;
            json.Skip();
            content = isObject ? line.Slice(start, json.BytesConsumed - start) : content;
        }

        return new WatchFrame(
            kind ?? throw new JsonException("a change of a watch has no type"),
            content ?? throw new JsonException($"a change of a watch ({kind}) has no object"));
    }
}
