using System.Collections.Concurrent;
using System.Text.Json.Nodes;
using Dpf.Api.Schemas;
using Dpf.Runtime.Clusters;
using Dpf.Runtime.Conditions;
using Dpf.Runtime.Informers;
using Dpf.Runtime.Reconciling;
using Dpf.Runtime.Selecting;
using k8s;
using k8s.Models;
using Microsoft.Extensions.Logging;

namespace Dpf.Chaining.Sets;

/// <summary>How one kind of set makes its children.</summary>
/// <param name="Kind">The set's kind in lower case, as labels have it.</param>
/// <param name="Finalizer">The set's finalizer.</param>
/// <param name="FieldManager">Who applies the children.</param>
/// <param name="Conditions">The prefix of its conditions, e.g. <c>ServiceChains</c>.</param>
/// <param name="Selector">The set's nodes.</param>
/// <param name="Plan">The child of a node.</param>
/// <param name="Status">The set's status.</param>
/// <param name="NodeOf">The node of a child.</param>
public sealed record SetKind<TSet, TChild>(
    string Kind, string Finalizer, string FieldManager, string Conditions, Func<TSet, V1LabelSelector?> Selector,
    Func<TSet, string, TChild> Plan, Func<TSet, IConditioned?> Status, Func<TChild, string?> NodeOf);

/// <summary>Keeps one child of a set on every node that it selects, and says how many of them work.</summary>
public sealed class SetReconciler<TSet, TChild>(SetKind<TSet, TChild> kind, Cache cache, TimeProvider time, ILogger logger) : IReconciler
    where TSet : class, IKubernetesObject<V1ObjectMeta>
    where TChild : class, IKubernetesObject<V1ObjectMeta>
{
    private readonly Informer<TSet> _sets = cache.Informer<TSet>();
    private readonly Informer<TChild> _children = cache.Informer<TChild>();
    private readonly Informer<V1Node> _nodes = cache.Informer<V1Node>();

    // Applied before in the same words: nothing to do unless somebody undid it.
    private readonly ConcurrentDictionary<NamespacedName, string> _applied = new();

    // Seen before as it should be, from the same words of the set and the same version of the child.
    private readonly ConcurrentDictionary<NamespacedName, (string Set, string Child)> _settled = new();

    /// <inheritdoc />
    public async Task<Result> ReconcileAsync(NamespacedName key, CancellationToken cancellation)
    {
        if (_sets.Get(key.Namespace, key.Name) is not { } set)
        {
            return Result.Done;
        }

        var children = _children.All.Where(c => ChildPlan.IsChild(c, kind.Kind, key.Namespace!, key.Name)).ToList();
        if (set.IsDeleting())
        {
            await EndAsync(set, children, cancellation);
            return Result.Done;
        }

        set = await cache.Client.AddFinalizerAsync(set, kind.Finalizer, cancellation);
        var wanted = _nodes.All.Where(n => !n.IsDeleting() && NodeSelection.Means(kind.Selector(set), n))
            .OrderBy(n => n.Metadata.Name, StringComparer.Ordinal).ToList();

        // What a set meant before stays: a slip of the pen takes no port away.
        if (LabelSelection.Problem(kind.Selector(set)) is { } wrong)
        {
            await SaveAsync(
                set, SetStatus.Of(set, kind.Conditions, kind.Status(set), Views(wanted, children), $"spec.nodeSelector: {wrong}", time.GetUtcNow()), cancellation);
            return Result.Done;
        }

        string? failure = null;
        try
        {
            await ApplyAsync(set, [.. wanted.Select(n => n.Metadata.Name)], children, cancellation);
        }
        catch (KubeException e) when (!e.IsConflict)
        {
            failure = e.Message;
        }

        await SaveAsync(set, SetStatus.Of(set, kind.Conditions, kind.Status(set), Views(wanted, children), failure, time.GetUtcNow()), cancellation);
        return failure is null ? Result.Done : Result.RequeueAfter(TimeSpan.FromSeconds(1));
    }

    private async Task ApplyAsync(TSet set, IReadOnlyList<string> nodes, IReadOnlyList<TChild> children, CancellationToken cancellation)
    {
        var names = nodes.ToHashSet(StringComparer.Ordinal);
        var present = new Dictionary<string, TChild>(StringComparer.Ordinal);
        foreach (var child in children)
        {
            if (kind.NodeOf(child) is { } node && names.Contains(node))
            {
                present[node] = child;
            }
            else
            {
                await DeleteAsync(child, cancellation);
            }
        }

        var words = Words(set);
        foreach (var node in nodes)
        {
            if (present.TryGetValue(node, out var seen) && _settled.GetValueOrDefault(Key(seen)) == (words, seen.Metadata.ResourceVersion))
            {
                continue;
            }

            var child = kind.Plan(set, node);
            var name = new NamespacedName(child.Metadata.NamespaceProperty, child.Metadata.Name);
            var text = KubernetesJson.Serialize(child);
            var now = _children.Get(name.Namespace, name.Name);
            if (now is null || _applied.GetValueOrDefault(name) != text || !Holds(now, child))
            {
                await cache.Client.ApplyAsync(child, kind.FieldManager, cancellation);
                _applied[name] = text;
                if (now is null)
                {
                    logger.LogInformation("{Set}: {Child} made for node {Node}", set.Metadata.Name, name, node);
                }
            }
            else
            {
                _settled[name] = (words, now.Metadata.ResourceVersion);
            }
        }
    }

    /// <summary>Asks for the end of the children; the set goes after the last of them.</summary>
    private async Task EndAsync(TSet set, IReadOnlyList<TChild> children, CancellationToken cancellation)
    {
        if (children.Count == 0)
        {
            await cache.Client.RemoveFinalizerAsync(set, kind.Finalizer, cancellation);
            return;
        }

        foreach (var child in children)
        {
            await DeleteAsync(child, cancellation);
        }

        await SaveAsync(set, SetStatus.Ending(set, kind.Conditions, kind.Status(set), [.. children.Select(c => c.Metadata.Name)], time.GetUtcNow()), cancellation);
    }

    private async Task DeleteAsync(TChild child, CancellationToken cancellation)
    {
        _applied.TryRemove(Key(child), out _);
        _settled.TryRemove(Key(child), out _);
        if (child.IsDeleting())
        {
            await cache.Client.RemoveFinalizerAsync(child, ChainingLabels.FormerFinalizer, cancellation);
        }
        else
        {
            await cache.Client.DeleteAsync<TChild>(child.Metadata.NamespaceProperty, child.Metadata.Name, cancellation);
        }
    }

    private static NamespacedName Key(TChild child) => new(child.Metadata.NamespaceProperty, child.Metadata.Name);

    /// <summary>All of a set that its children are made from, except for the node.</summary>
    private static string Words(TSet set) =>
        $"{set.Metadata.Uid} {set.Metadata.Generation} {string.Join(',', set.Metadata.Annotations ?? new Dictionary<string, string>())}";

    private static bool Holds(TChild now, TChild wanted) =>
        wanted.Metadata.Labels.All(l => now.Metadata.Labels?.TryGetValue(l.Key, out var v) == true && v == l.Value) &&
        (wanted.Metadata.Annotations ?? new Dictionary<string, string>())
            .All(a => now.Metadata.Annotations?.TryGetValue(a.Key, out var v) == true && v == a.Value) &&
        JsonNode.DeepEquals(Spec(now), Spec(wanted));

    private static JsonNode? Spec(TChild child) => JsonNode.Parse(KubernetesJson.Serialize(child))?["spec"];

    /// <summary>How a set's nodes do.</summary>
    private IEnumerable<SetNode> Views(IEnumerable<V1Node> nodes, IEnumerable<TChild> children)
    {
        var byNode = children.Where(c => kind.NodeOf(c) is not null)
            .GroupBy(c => kind.NodeOf(c)!, StringComparer.Ordinal).ToDictionary(g => g.Key, g => g.First(), StringComparer.Ordinal);
        return nodes.Select(n => new SetNode(n.Metadata.Name, n.IsReady(), byNode.GetValueOrDefault(n.Metadata.Name)));
    }

    private async Task SaveAsync(TSet set, JsonObject status, CancellationToken cancellation)
    {
        if (!JsonNode.DeepEquals(Comparable(status), Comparable(JsonNode.Parse(KubernetesJson.Serialize(set))?["status"])))
        {
            await cache.Client.PatchStatusAsync<TSet>(
                set.Metadata.NamespaceProperty, set.Metadata.Name, new JsonObject { ["status"] = status }, cancellation);
        }
    }

    /// <summary>A status without times: text forms of equal times differ.</summary>
    private static JsonNode? Comparable(JsonNode? status)
    {
        var copy = status?.DeepClone();
        foreach (var condition in copy?["conditions"] as JsonArray ?? [])
        {
            condition!.AsObject().Remove("lastTransitionTime");
        }

        return copy;
    }
}
