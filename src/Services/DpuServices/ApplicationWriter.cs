using System.Text.Json.Nodes;
using Dpf.Runtime.Clusters;
using Dpf.Services.Argo;

namespace Dpf.Services.DpuServices;

/// <summary>
/// Writes Applications: creates them, and replaces their spec as a whole when it differs, because Helm values may hold
/// anything, nulls included, and a field that somebody added must go.
/// </summary>
/// <param name="client">The management cluster.</param>
internal sealed class ApplicationWriter(KubeClient client)
{
    /// <summary>Makes an Application be as wanted, unless it is another DPUService's.</summary>
    /// <returns>False when it is: a cache that did not know it yet took its name for free.</returns>
    public async Task<bool> WriteAsync(JsonObject wanted, ArgoApplication? known, CancellationToken cancellation)
    {
        if (known is not null && IsAs(wanted, Applying.Applier.Json(known)))
        {
            return true;
        }

        var (ns, name) = ((string)wanted["metadata"]!["namespace"]!, (string)wanted["metadata"]!["name"]!);
        var path = ResourceType.Of<ArgoApplication>().Path(ns, name);

        // Asked anew: what a cache does not know (an operation under way) must survive.
        if (await client.GetRawAsync(path, cancellation) is not { } live)
        {
            await client.SendRawAsync(HttpMethod.Post, ResourceType.Of<ArgoApplication>().Path(ns), wanted, cancellation);
            return true;
        }

        if (!IsSameService(wanted, live))
        {
            return false;
        }

        if (live["metadata"]!["deletionTimestamp"] is not null)
        {
            throw new InvalidOperationException($"Application {ns}/{name} is still being deleted");
        }

        if (!IsAs(wanted, live))
        {
            live["spec"] = wanted["spec"]!.DeepClone();
            var metadata = live["metadata"]!.AsObject();
            foreach (var (key, value) in wanted["metadata"]!["labels"]!.AsObject())
            {
                Table(metadata, "labels")[key] = value!.DeepClone();
            }

            Table(metadata, "annotations").Remove(ArgoObjects.SkipReconcile);
            metadata["finalizers"] = new JsonArray(
                [.. Finalizers(metadata).Append(ArgoObjects.Finalizer).Distinct().Select(f => (JsonNode)f)]);
            await client.SendRawAsync(HttpMethod.Put, path, live, cancellation);
        }

        return true;
    }

    /// <summary>Makes Argo CD leave an Application alone.</summary>
    public async Task PauseAsync(ArgoApplication application, CancellationToken cancellation)
    {
        if (!IsPaused(Applying.Applier.Json(application)))
        {
            await client.PatchAsync<ArgoApplication>(
                application.Metadata.NamespaceProperty, application.Metadata.Name,
                new JsonObject
                {
                    ["metadata"] = new JsonObject { ["annotations"] = new JsonObject { [ArgoObjects.SkipReconcile] = "true" } },
                },
                cancellation);
        }
    }

    /// <summary>
    /// Asks for the end of an Application. That of a cluster which is no more has nothing left to delete there, and Argo CD
    /// would wait for it for ever.
    /// </summary>
    public async Task DeleteAsync(ArgoApplication application, bool isClusterGone, CancellationToken cancellation)
    {
        var (ns, name) = (application.Metadata.NamespaceProperty, application.Metadata.Name);
        if (isClusterGone)
        {
            await Dpf.Runtime.Reconciling.Finalizers.RemoveFinalizerAsync(client, application, ArgoObjects.Finalizer, cancellation);
        }

        if (application.Metadata.DeletionTimestamp is null)
        {
            await client.DeleteAsync<ArgoApplication>(ns, name, cancellation);
        }
    }

    private static bool IsAs(JsonObject wanted, JsonObject live) =>
        JsonNode.DeepEquals(live["spec"], wanted["spec"]) && !IsPaused(live) &&
        Containment.Holds(live["metadata"]!["labels"], wanted["metadata"]!["labels"]) &&
        Finalizers(live["metadata"]!).Contains(ArgoObjects.Finalizer);

    // One that has lost its labels is nobody else's: it gets them again.
    private static bool IsSameService(JsonObject wanted, JsonObject live) =>
        ((string[])[ArgoObjects.ServiceNameLabel, ArgoObjects.ServiceNamespaceLabel]).All(label =>
            live["metadata"]!["labels"]?[label] is not { } owner || (string?)owner == (string?)wanted["metadata"]!["labels"]![label]);

    private static bool IsPaused(JsonObject live) => live["metadata"]!["annotations"]?[ArgoObjects.SkipReconcile] is not null;

    private static IEnumerable<string> Finalizers(JsonNode metadata) =>
        (metadata["finalizers"] as JsonArray ?? []).Select(f => (string)f!);

    private static JsonObject Table(JsonObject parent, string name)
    {
        if (parent[name] is not JsonObject table)
        {
            parent[name] = table = [];
        }

        return table;
    }
}
