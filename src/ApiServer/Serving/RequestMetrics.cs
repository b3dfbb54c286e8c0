using System.Collections.Concurrent;
using System.Globalization;
using System.Text;
using Microsoft.AspNetCore.Http;

namespace Dpf.ApiServer.Serving;

/// <summary>What the server has done and what it holds, in Prometheus' words under Kubernetes' names.</summary>
internal sealed class RequestMetrics
{
    private readonly ConcurrentDictionary<(string Verb, GroupResource Resource, int Code), long> _requests = new();
    private readonly ConcurrentDictionary<(GroupResource Resource, string Version, string Kind), WatchCount> _watches = new();

    /// <summary>Counts an answered request.</summary>
    public void Count(RequestInfo request, int code) => _requests.AddOrUpdate(
        (request.Verb, new GroupResource(request.Group, request.Resource), code), 1, static (_, count) => count + 1);

    /// <summary>What there is to count of the watches of a resource.</summary>
    public WatchCount Watches(ResourceDefinition definition) =>
        _watches.GetOrAdd((definition.GroupResource, definition.Version, definition.Kind), _ => new WatchCount());

    /// <summary>Answers with all of them.</summary>
    public Task WriteAsync(HttpContext http, ServerComposition server)
    {
        var text = new StringBuilder();
        Begin("apiserver_request_total", "counter", "Counter of apiserver requests.");
        foreach (var ((verb, resource, code), count) in _requests)
        {
            Line($"apiserver_request_total{{code=\"{code}\",component=\"apiserver\",{Labels(resource)},verb=\"{verb.ToUpperInvariant()}\"}} {count}");
        }

        Begin("apiserver_longrunning_requests", "gauge", "Gauge of open watches.");
        foreach (var ((resource, version, _), count) in _watches)
        {
            Line($"apiserver_longrunning_requests{{component=\"apiserver\",{Labels(resource)},verb=\"WATCH\",version=\"{version}\"}} {count.Now}");
        }

        Begin("apiserver_watch_events_total", "counter", "Number of events sent in watches.");
        foreach (var ((resource, version, kind), count) in _watches)
        {
            Line($"apiserver_watch_events_total{{group=\"{resource.Group}\",kind=\"{kind}\",version=\"{version}\"}} {count.Sent}");
        }

        Begin("apiserver_storage_objects", "gauge", "Number of stored objects.");
        foreach (var resource in server.Registry.All.Where(d => !d.Virtual).Select(d => d.StorageResource).Distinct())
        {
            Line($"apiserver_storage_objects{{resource=\"{resource}\"}} {server.Store.List(resource).Items.Count}");
        }

        http.Response.ContentType = "text/plain; version=0.0.4; charset=utf-8";
        return http.Response.WriteAsync(text.ToString(), http.RequestAborted);

        void Begin(string name, string type, string help) => Line($"# HELP {name} {help}\n# TYPE {name} {type}");
        void Line(FormattableString line) => text.Append(line.ToString(CultureInfo.InvariantCulture)).Append('\n');
        static string Labels(GroupResource resource) => $"group=\"{resource.Group}\",resource=\"{resource.Resource}\"";
    }
}

/// <summary>The watches of one resource.</summary>
internal sealed class WatchCount
{
    private long _open;
    private long _sent;

    /// <summary>How many there are.</summary>
    public long Now => Interlocked.Read(ref _open);

    /// <summary>How many changes all that there were have been told.</summary>
    public long Sent => Interlocked.Read(ref _sent);

    /// <summary>One begins, and ends when what this gives is disposed.</summary>
    public IDisposable Open()
    {
        Interlocked.Increment(ref _open);
        return new Opened(() => Interlocked.Decrement(ref _open));
    }

    /// <summary>One was told a change.</summary>
    public void Tell() => Interlocked.Increment(ref _sent);

    private sealed class Opened(Action close) : IDisposable
    {
        public void Dispose() => close();
    }
}
