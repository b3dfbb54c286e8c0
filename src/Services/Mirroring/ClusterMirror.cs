using System.Text.Json.Nodes;
using Dpf.Runtime.Clusters;
using Dpf.Services.Applying;
using Dpf.Services.Clusters;

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

            left += (await kind.AskAsync(remote.Client, parent, cancellation)).Count;
        }

        return left;
    }

    private static bool Is(JsonObject wanted, string kind, string name) =>
        (string?)wanted["kind"] == kind && (string?)wanted["metadata"]!["name"] == name;
}
