using System.Net;
using System.Text.Json.Nodes;
using Dpf.Helm.Releases;
using Dpf.Helm.Rendering;
using Dpf.Runtime.Clusters;

namespace Dpf.Cli.Composition;

/// <summary>A cluster as Helm's releases see it.</summary>
internal sealed class KubeReleaseTarget(KubeClient client, TimeProvider time) : IReleaseTarget
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);
    private static readonly TimeSpan Poll = TimeSpan.FromMilliseconds(100);

    public async Task<Capabilities> CapabilitiesAsync(CancellationToken cancellation)
    {
        var version = await client.GetRawAsync("/version", cancellation);
        var groups = await client.GetRawAsync("/apis", cancellation);
        var versions = (groups?["groups"] as JsonArray ?? [])
            .SelectMany(g => g!["versions"]!.AsArray()).Select(v => (string)v!["groupVersion"]!).Append("v1");
        return new Capabilities((string?)version?["gitVersion"] ?? Capabilities.Default.KubeVersion, versions.ToHashSet(StringComparer.Ordinal));
    }

    public async Task<JsonObject?> GetAsync(string apiVersion, string kind, string? ns, string name, CancellationToken cancellation)
    {
        try
        {
            return await client.GetAsync(apiVersion, kind, ns, name, cancellation);
        }
        catch (KubeException e) when (e.Code == HttpStatusCode.NotFound)
        {
            return null;
        }
    }

    public async Task<JsonObject?> ListAsync(string apiVersion, string kind, string ns, CancellationToken cancellation)
    {
        try
        {
            var (type, namespaced) = await client.MapAsync(apiVersion, kind, cancellation);
            return await client.GetRawAsync(type.Path(namespaced ? ns : null), cancellation);
        }
        catch (KubeException e) when (e.Code == HttpStatusCode.NotFound)
        {
            return null;
        }
    }

    // A CRD's kind, or the webhook of the chart's own Deployment, takes a moment to come.
    public async Task ApplyAsync(JsonObject value, CancellationToken cancellation)
    {
        var start = time.GetTimestamp();
        while (true)
        {
            try
            {
                await client.ApplyAsync(value, "helm", cancellation);
                return;
            }
            catch (KubeException e) when (
                (e.Code is HttpStatusCode.NotFound or HttpStatusCode.ServiceUnavailable or HttpStatusCode.InternalServerError) &&
                time.GetElapsedTime(start) < Patience)
            {
                await Task.Delay(Poll, time, cancellation);
            }
        }
    }

    public async Task DeleteAsync(string apiVersion, string kind, string? ns, string name, CancellationToken cancellation)
    {
        try
        {
            await client.DeleteAsync(apiVersion, kind, ns, name, cancellation);
        }
        catch (KubeException e) when (e.Code == HttpStatusCode.NotFound)
        {
            // The kind is gone, and with it the object.
        }
    }

    public Task<IReadOnlyList<JsonObject>> SecretsAsync(string ns, string selector, CancellationToken cancellation) =>
        client.ListAsync("v1", "Secret", ns, cancellation, selector);
}
