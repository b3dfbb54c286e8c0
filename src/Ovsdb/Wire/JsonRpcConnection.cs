using System.Buffers;
using System.Collections.Concurrent;
using System.IO.Pipelines;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace Dpf.Ovsdb.Wire;

/// <summary>
/// JSON-RPC 1.0 as RFC 7047 uses it: both sides may call and notify, objects follow one another with nothing between.
/// One task (<see cref="RunAsync"/>) reads; it hands notifications over in order before any later reply completes, so a
/// caller that sees its reply has also seen every change that the server told before it.
/// </summary>
internal sealed class JsonRpcConnection(Stream stream, TimeProvider time, Action<string, JsonElement> onNotification)
    : IAsyncDisposable
{
    private readonly ConcurrentDictionary<long, Pending> _pending = new();
    private readonly SemaphoreSlim _writing = new(1, 1);
    private long _lastId;
    private long _lastHeard = time.GetTimestamp();
    private Exception? _ended;

    /// <summary>How long nothing has been heard.</summary>
    public TimeSpan Silence => time.GetElapsedTime(Interlocked.Read(ref _lastHeard));

    /// <summary>Calls a method of the server.</summary>
    public async Task<JsonElement> CallAsync(
        string method, JsonArray parameters, CancellationToken cancellation, Func<JsonElement, JsonElement>? inOrder = null)
    {
        var id = Interlocked.Increment(ref _lastId);
        var pending = new Pending(method, inOrder);
        _pending[id] = pending;
        try
        {
            if (_ended is { } ended)
            {
                throw new IOException($"the database connection ended: {ended.Message}", ended);
            }

            await SendAsync(
                new JsonObject { ["method"] = method, ["params"] = parameters, ["id"] = id }, cancellation);
            return await pending.Reply.Task.WaitAsync(cancellation);
        }
        finally
        {
            _pending.TryRemove(id, out _);
        }
    }

    /// <summary>Reads until the stream ends or breaks; then every waiting caller fails.</summary>
    public async Task RunAsync(CancellationToken cancellation)
    {
        var reader = PipeReader.Create(stream, new StreamPipeReaderOptions(bufferSize: 65536, leaveOpen: true));
        Exception ended = new EndOfStreamException("the server closed the connection");
        try
        {
            var frame = new JsonFrame();
            while (true)
            {
                var read = await reader.ReadAsync(cancellation);
                var buffer = read.Buffer;
                Interlocked.Exchange(ref _lastHeard, time.GetTimestamp());
                while (frame.TryFindEnd(buffer, out var end))
                {
                    await DispatchAsync(buffer.Slice(0, end), cancellation);
                    buffer = buffer.Slice(end);
                }

                if (read.IsCompleted)
                {
                    throw ended;
                }

                reader.AdvanceTo(buffer.Start, buffer.End);
            }
        }
        catch (Exception e)
        {
            ended = e;
            throw;
        }
        finally
        {
            _ended = ended;
            foreach (var pending in _pending.Values)
            {
                pending.Reply.TrySetException(new IOException($"the database connection ended: {ended.Message}", ended));
            }

            await reader.CompleteAsync();
        }
    }

    /// <inheritdoc />
    public async ValueTask DisposeAsync()
    {
        await stream.DisposeAsync();
        _writing.Dispose();
    }

    private async Task DispatchAsync(ReadOnlySequence<byte> message, CancellationToken cancellation)
    {
        using var document = JsonDocument.Parse(message);
        var root = document.RootElement;
        var id = root.TryGetProperty("id", out var given) ? given : default;
        if (root.TryGetProperty("method", out var method))
        {
            if (method.GetString() == "echo")
            {
                var answer = new JsonObject
                {
                    ["result"] = JsonNode.Parse(root.GetProperty("params").GetRawText()),
                    ["error"] = null,
                    ["id"] = JsonNode.Parse(id.GetRawText()),
                };
                await SendAsync(answer, cancellation);
            }
            else
            {
                onNotification(method.GetString()!, root.GetProperty("params"));
            }
        }
        else if (id.ValueKind == JsonValueKind.Number && _pending.TryGetValue(id.GetInt64(), out var pending))
        {
            Complete(pending, root);
        }
    }

    private static void Complete(Pending pending, JsonElement root)
    {
        if (root.TryGetProperty("error", out var error) && error.ValueKind != JsonValueKind.Null)
        {
            pending.Reply.TrySetException(new JsonRpcException(pending.Method, error.GetRawText()));
            return;
        }

        try
        {
            var result = root.GetProperty("result");
            pending.Reply.TrySetResult(pending.InOrder is { } inOrder ? inOrder(result) : result.Clone());
        }
        catch (Exception e)
        {
            pending.Reply.TrySetException(e);
            throw;
        }
    }

    private async Task SendAsync(JsonObject message, CancellationToken cancellation)
    {
        var bytes = JsonSerializer.SerializeToUtf8Bytes(message);
        await _writing.WaitAsync(cancellation);
        try
        {
            // A frame cut in two would poison the stream for everybody, so a started write is finished.
            await stream.WriteAsync(bytes, CancellationToken.None);
            await stream.FlushAsync(CancellationToken.None);
        }
        finally
        {
            _writing.Release();
        }
    }

    /// <param name="Method">What was called.</param>
    /// <param name="InOrder">Runs on the reading task, before anything that follows the reply is read.</param>
    private sealed record Pending(string Method, Func<JsonElement, JsonElement>? InOrder)
    {
        public TaskCompletionSource<JsonElement> Reply { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);
    }
}
