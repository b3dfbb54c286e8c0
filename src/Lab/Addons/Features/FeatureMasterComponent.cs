using System.Text.Json.Nodes;
using Dpf.Runtime.Clusters;
using Dpf.Runtime.Hosting;
using Dpf.Runtime.Informers;
using Dpf.Runtime.Reconciling;
using k8s.Models;

namespace Dpf.Lab.Addons.Features;

/// <summary>Labels nodes by what their workers found and what the rules say.</summary>
internal sealed class FeatureMasterComponent : IComponent
{
    private const string Owned = "nfd.node.kubernetes.io/feature-labels";
    private const string NodeName = "nfd.node.kubernetes.io/node-name";

    /// <inheritdoc />
    public Task RunAsync(ComponentContext context, CancellationToken cancellation) => AddonHost.RunAsync(
        context,
        (cache, stop) =>
        [
            Controller.For<V1Node>(cache, "nfd-master")
                .Watches<NodeFeature>(f => f.Metadata.Labels?.TryGetValue(NodeName, out var node) == true ? [new NamespacedName(null, node)] : [])
                .WatchesForAll<NodeFeatureRule>()
                .Build((key, c) => LabelAsync(cache, key.Name, c), context.Loggers, context.Time).RunAsync(stop),
        ],
        cancellation);

    private static async Task<Result> LabelAsync(Cache cache, string name, CancellationToken cancellation)
    {
        var feature = cache.Informer<NodeFeature>().All.FirstOrDefault(f => f.Metadata.Labels?.TryGetValue(NodeName, out var n) == true && n == name);
        if (feature is null || cache.Informer<V1Node>().Get(null, name) is not { } node || node.IsDeleting())
        {
            return Result.Done;
        }

        var wanted = FeatureLabels.Of(feature.Spec, cache.Informer<NodeFeatureRule>().All.Select(r => r.Spec));
        var before = node.Metadata.Annotations?.TryGetValue(Owned, out var list) == true
            ? list.Split(',', StringSplitOptions.RemoveEmptyEntries).Select(l => l.Contains('/', StringComparison.Ordinal) ? l : FeatureLabels.Prefix + l)
            : [];
        var labels = new JsonObject();
        foreach (var stale in before.Where(l => !wanted.ContainsKey(l) && node.Metadata.Labels?.ContainsKey(l) == true))
        {
            labels[stale] = null;
        }

        foreach (var (label, value) in wanted.Where(l => node.Metadata.Labels?.TryGetValue(l.Key, out var v) != true || v != l.Value))
        {
            labels[label] = value;
        }

        if (labels.Count > 0)
        {
            var owned = string.Join(',', wanted.Keys.Select(
                l => l.StartsWith(FeatureLabels.Prefix, StringComparison.Ordinal) ? l[FeatureLabels.Prefix.Length..] : l));
            await cache.Client.PatchAsync<V1Node>(
                null, name,
                new JsonObject
                {
                    ["metadata"] = new JsonObject { ["labels"] = labels, ["annotations"] = new JsonObject { [Owned] = owned } },
                },
                cancellation);
        }

        return Result.Done;
    }
}
