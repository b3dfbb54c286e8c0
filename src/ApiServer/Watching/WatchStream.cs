using System.Buffers;
using System.Text.Json;
using System.Text.Json.Nodes;
using Dpf.ApiServer.Serving;
using Dpf.ApiServer.Storage;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;

namespace Dpf.ApiServer.Watching;

/// <summary>One watch: changes of a resource as they happen, seen through the client's selectors.</summary>
internal sealed class WatchStream(ServerComposition server, ApiRequest request, ResourceDefinition definition)
{
    private static readonly TimeSpan BookmarkInterval = TimeSpan.FromSeconds(30);
    private readonly HttpResponse _response = request.Http.Response;
    private readonly ObjectFilter _filter = ObjectFilter.Of(request, definition);
    private readonly string _namespace = request.Info.Namespace;
    private readonly WatchCount _count = server.Metrics.Watches(definition);
    private readonly bool _bookmarks = request.Parameter("allowWatchBookmarks") is "true" or "1";
    private readonly TableForm? _table = server.Tables is null ? null : TableForm.Of(request.Http);
    private readonly bool _partial = PartialForm.IsWanted(request.Http);
    private bool _columnsSent;

    public async Task RunAsync(CancellationToken cancellation)
    {
        var from = long.TryParse(request.Parameter("resourceVersion"), out var given) ? given : 0;
        var initial = from == 0 || request.Parameter("sendInitialEvents") is "true" or "1";
        using var timeout = CancellationTokenSource.CreateLinkedTokenSource(cancellation, server.Stopping);
        var seconds = int.TryParse(request.Parameter("timeoutSeconds"), out var s) && s > 0 ? s : 3600;
        using var timer = server.Options.Time.CreateTimer(_ => Cancel(timeout), null, TimeSpan.FromSeconds(seconds), Timeout.InfiniteTimeSpan);
        var snapshot = initial ? server.Store.List(definition.StorageResource, _namespace) : null;
        IStoreWatch watch;
        try
        {
            watch = server.Store.Watch(definition.StorageResource, snapshot?.Revision ?? from);
        }
        catch (RevisionCompactedException e)
        {
            throw new ApiException(410, "Expired", $"too old resource version: {e.Asked} ({e.Oldest})");
        }

        using (watch)
        using (_count.Open())
        {
            _response.ContentType = "application/json";
            _response.Headers.CacheControl = "no-cache, private";
            request.Http.Features.Get<IHttpResponseBodyFeature>()?.DisableBuffering();
            request.TellWarnings();
            await _response.StartAsync(timeout.Token);
            foreach (var item in snapshot?.Items.Where(i => _filter.Matches(i.Root)) ?? [])
            {
                Write("ADDED", item);
            }

            if (snapshot is not null && request.Parameter("sendInitialEvents") is "true" or "1")
            {
                Bookmark(snapshot?.Revision ?? from, initialEnd: true);
            }

            try
            {
                await _response.BodyWriter.FlushAsync(timeout.Token);
                await FollowAsync(watch, timeout.Token);
            }
            catch (OperationCanceledException) when (!cancellation.IsCancellationRequested)
            {
                // The watch's time is over, or the server stops: the stream ends in order, and the client comes back.
            }
        }
    }

    private static void Cancel(CancellationTokenSource source)
    {
        try
        {
            source.Cancel();
        }
        catch (ObjectDisposedException)
        {
            // The watch ended first.
        }
    }

    private async Task FollowAsync(IStoreWatch watch, CancellationToken cancellation)
    {
        var time = server.Options.Time;
        var pending = watch.NextAsync(cancellation).AsTask();

        // One for many changes: a timer for each would outlive it by far.
        Task? bookmark = null;
        while (true)
        {
            // Read before the wait: whatever happened until then has been offered to the queue when the wait is over.
            var seen = watch.Revision;
            if (_bookmarks && await Task.WhenAny(pending, bookmark ??= Task.Delay(BookmarkInterval, time, cancellation)) != pending)
            {
                cancellation.ThrowIfCancellationRequested();
                bookmark = null;
                if (!pending.IsCompleted)
                {
                    Bookmark(seen, initialEnd: false);
                    await _response.BodyWriter.FlushAsync(cancellation);
                    continue;
                }
            }

            StoreEvent? change;
            try
            {
                change = await pending;
            }
            catch (RevisionCompactedException e)
            {
                WriteError(new ApiException(410, "Expired", $"too old resource version: {e.Asked} ({e.Oldest})"));
                await _response.BodyWriter.FlushAsync(cancellation);
                return;
            }

            if (change is null)
            {
                return;
            }

            Send(change);
            while (watch.TryNext(out var more) && more is not null)
            {
                Send(more);
            }

            await _response.BodyWriter.FlushAsync(cancellation);
            pending = watch.NextAsync(cancellation).AsTask();
        }
    }

    private void Send(StoreEvent change)
    {
        if (_namespace.Length > 0 && definition.Namespaced && change.Object.Key.Namespace != _namespace)
        {
            return;
        }

        var was = change.Previous is { } previous && _filter.Matches(previous.Root);
        var matches = change.Type != StoreEventType.Deleted && _filter.Matches(change.Object.Root);
        switch (was, matches)
        {
            case (false, true):
                Write("ADDED", change.Object);
                break;
            case (true, true):
                Write("MODIFIED", change.Object);
                break;
            case (true, false):
                // The last state that matched, with the revision of what ended it.
                if (change.Type == StoreEventType.Deleted)
                {
                    Write("DELETED", change.Object);
                }
                else
                {
                    Write("DELETED", change.Previous!, change.Revision);
                }

                break;
        }
    }

    private void Write(string type, StoredObject stored, long? revision = null)
    {
        if (_table is null && !_partial && revision is null && ResourceOperations.IsAsShown(definition, stored))
        {
            Frame(type, writer => writer.WriteRawValue(stored.Utf8.Span, skipInputValidation: true));
            return;
        }

        var value = ResourceOperations.Show(definition, stored);
        if (revision is { } r)
        {
            value.Map("metadata")["resourceVersion"] = r.ToString(System.Globalization.CultureInfo.InvariantCulture);
        }

        if (_table is not null)
        {
            var metadata = new JsonObject { ["resourceVersion"] = value.Text("metadata", "resourceVersion") };
            value = server.Tables!.Convert(definition, [value], metadata, _table.IncludeObject, columns: !_columnsSent);
            _columnsSent = true;
        }
        else if (_partial)
        {
            PartialForm.Reduce(value);
        }

        Frame(type, value);
    }

    private void Bookmark(long revision, bool initialEnd)
    {
        var metadata = new JsonObject { ["resourceVersion"] = revision.ToString(System.Globalization.CultureInfo.InvariantCulture) };
        if (initialEnd)
        {
            metadata["annotations"] = new JsonObject { ["k8s.io/initial-events-end"] = "true" };
        }

        var value = new JsonObject { ["kind"] = definition.Kind, ["apiVersion"] = definition.ApiVersion, ["metadata"] = metadata };
        if (_partial)
        {
            PartialForm.Reduce(value);
        }

        Frame("BOOKMARK", value);
    }

    private void WriteError(ApiException error) => Frame("ERROR", error.ToStatus());

    private void Frame(string type, JsonObject value) => Frame(type, writer => value.WriteTo(writer, JsonText.Relaxed));

    private void Frame(string type, Action<Utf8JsonWriter> write)
    {
        using var writer = new Utf8JsonWriter(_response.BodyWriter, new JsonWriterOptions { Encoder = JsonText.Relaxed.Encoder });
        writer.WriteStartObject();
        writer.WriteString("type", type);
        writer.WritePropertyName("object");
        write(writer);
        writer.WriteEndObject();
        writer.Flush();
        _response.BodyWriter.Write("\n"u8);
        _count.Tell();
    }
}
