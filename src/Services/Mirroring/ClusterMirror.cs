using System.Text.Json.Nodes;
using Dpf.Runtime.Clusters;
using Dpf.Runtime.Conditions;
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
            if (still.Count > 0 && kind.NodesFinalizer is { } finalizer && !await HasReadyNodeAsync(remote.Client, cancellation))
            {
                // The sets' controller runs on the DPUs: with the last of them it has gone, and nobody else would ever let go. Nothing is
                // lost by that: what was made of a set is owned by it, and the cluster's garbage collector takes it along.
                await Task.WhenAll(still.Select(child => kind.LetGoAsync(remote.Client, child, finalizer, cancellation)));
                still = await kind.AskAsync(remote.Client, parent, cancellation);
            }

            left += still.Count;
        }

        return left;
    }

    private static async Task<bool> HasReadyNodeAsync(KubeClient client, CancellationToken cancellation) =>
        (await client.ListAsync<V1Node>(null, cancellation)).Any(node => node.IsReady());

    private static bool Is(JsonObject wanted, string kind, string name) =>
        (string?)wanted["kind"] == kind && (string?)wanted["metadata"]!["name"] == name;
}
