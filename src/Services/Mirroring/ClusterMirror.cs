using System.Text.Json.Nodes;
using Dpf.Runtime.Clusters;
using Dpf.Services.Applying;
using Dpf.Services.Clusters;
using k8s.Models;

namespace Dpf.Services.Mirroring;

/// <summary>Makes one DPU cluster hold exactly the wanted children of an object.</summary>
internal sealed class ClusterMirror(IReadOnlyList<ChildKind> kinds, string fieldManager)
{
    private readonly Applier _applier = new(fieldManager);

    /// <summary>Deletes what is not wanted, and applies what is.</summary>
    public async Task ConvergeAsync(
        RemoteCluster remote, NamespacedName parent, IReadOnlyList<JsonObject> wanted, CancellationToken cancellation)
    {
        if (wanted.Count > 0)
        {
            await RemoteNamespaces.EnsureAsync(remote, parent.Namespace!, cancellation);
        }

        foreach (var kind in kinds)
        {
            foreach (var child in kind.Cached(remote.Cache, parent).Where(c => !wanted.Any(w => Is(w, kind.Kind, c.Metadata.Name))))
            {
                await remote.Client.DeleteAsync(kind.ApiVersion, kind.Kind, parent.Namespace, child.Metadata.Name, cancellation);
            }
        }

        foreach (var child in wanted)
        {
            var (kind, name) = ((string)child["kind"]!, (string)child["metadata"]!["name"]!);
            var live = kinds.First(k => k.Kind == kind).Cached(remote.Cache, parent).FirstOrDefault(c => c.Metadata.Name == name);
            await _applier.ApplyAsync(remote.Client, child, live, cancellation);
        }
    }

    /// <summary>Asks for the end of all children of an object; how many are still there.</summary>
    public async Task<int> DeleteAsync(RemoteCluster remote, NamespacedName parent, CancellationToken cancellation)
    {
        var left = 0;
        foreach (var kind in kinds)
        {
            foreach (var child in await kind.AskAsync(remote.Client, parent, cancellation))
            {
                if (child["metadata"]!["deletionTimestamp"] is null)
                {
                    await remote.Client.DeleteAsync(
                        kind.ApiVersion, kind.Kind, parent.Namespace, (string)child["metadata"]!["name"]!, cancellation);
                }
            }

            var still = await kind.AskAsync(remote.Client, parent, cancellation);
            left += still.Count - await LetGoAsync(remote, kind, still, cancellation);
        }

        return left;
    }

    // The sets' controller runs on the DPUs: with the last of them it has gone, and nobody else would ever let go of a set. Nothing
    // is lost by that: what was made of a set is owned by it, and the cluster's garbage collector takes it along.
    private static async Task<int> LetGoAsync(
        RemoteCluster remote, ChildKind kind, IReadOnlyList<JsonObject> children, CancellationToken cancellation)
    {
        var held = children.Where(c => IsHeldBy(c, kind.NodesFinalizer)).ToList();
        if (held.Count == 0 || (await remote.Client.ListAsync<V1Node>(null, cancellation)).Any(IsReady))
        {
            return 0;
        }

        var gone = 0;
        foreach (var child in held)
        {
            var (type, _) = await remote.Client.MapAsync(kind.ApiVersion, kind.Kind, cancellation);
            var finalizers = child["metadata"]!["finalizers"]!.AsArray().Select(f => (string)f!).Where(f => f != kind.NodesFinalizer).ToList();
            await remote.Client.SendRawAsync(
                HttpMethod.Patch, type.Path((string)child["metadata"]!["namespace"]!, (string)child["metadata"]!["name"]!),
                new JsonObject
                {
                    ["metadata"] = new JsonObject
                    {
                        ["resourceVersion"] = (string)child["metadata"]!["resourceVersion"]!,
                        ["finalizers"] = new JsonArray([.. finalizers.Select(f => (JsonNode)f)]),
                    },
                },
                cancellation, "application/merge-patch+json");
            gone += finalizers.Count == 0 ? 1 : 0;
        }

        return gone;
    }

    private static bool IsHeldBy(JsonObject child, string? finalizer) =>
        finalizer is not null && child["metadata"]!["deletionTimestamp"] is not null &&
        child["metadata"]!["finalizers"]?.AsArray().Any(f => (string?)f == finalizer) == true;

    private static bool IsReady(V1Node node) => node.Status?.Conditions?.Any(c => c.Type == "Ready" && c.Status == "True") == true;

    private static bool Is(JsonObject wanted, string kind, string name) =>
        (string?)wanted["kind"] == kind && (string?)wanted["metadata"]!["name"] == name;
}
