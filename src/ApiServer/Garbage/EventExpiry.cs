using System.Text.Json.Nodes;
using Dpf.ApiServer.Serving;

namespace Dpf.ApiServer.Garbage;

/// <summary>Events tell of the last hour, as a Kubernetes API server keeps them unless told otherwise (<c>--event-ttl</c>).</summary>
internal sealed class EventExpiry(ServerComposition server) : IBackgroundService
{
    private static readonly TimeSpan Life = TimeSpan.FromHours(1);
    private static readonly TimeSpan Interval = TimeSpan.FromMinutes(5);

    public async Task RunAsync(CancellationToken cancellation)
    {
        var events = server.Registry.Find("", "v1", "events")!;
        while (true)
        {
            await Task.Delay(Interval, server.Options.Time, cancellation);
            var oldest = server.Options.Time.GetUtcNow() - Life;
            foreach (var item in server.Store.List(events.StorageResource).Items.Where(i => LastOf(i.ToObject()) < oldest))
            {
                try
                {
                    await server.Objects.DeleteAsync(events, item.Key.Namespace, item.Key.Name, new DeleteRequest(), cancellation: cancellation);
                }
                catch (ApiException e) when (e.Code is 404 or 409)
                {
                    // Gone, or told again meanwhile.
                }
            }
        }
    }

    /// <summary>When an event was last told.</summary>
    private static DateTimeOffset? LastOf(JsonObject value) =>
        new[] { value.Text("series", "lastObservedTime"), value.Text("lastTimestamp"), value.Text("eventTime"), value.Text("metadata", "creationTimestamp") }
            .Select(t => DateTimeOffset.TryParse(t, System.Globalization.CultureInfo.InvariantCulture, out var moment) ? moment : (DateTimeOffset?)null).Max();
}
