using System.Text.Json.Nodes;
using Dpf.Api.Schemas;
using Dpf.Runtime.Clusters;
using Dpf.Runtime.Informers;
using Dpf.Runtime.Reconciling;
using k8s;
using k8s.Models;

namespace Dpf.Services.Mirroring;

/// <summary>How objects of one kind of the management cluster appear in DPU clusters.</summary>
internal sealed record MirrorKind<T>
    where T : class, IKubernetesObject<V1ObjectMeta>
{
    /// <summary>The object's finalizer.</summary>
    public required string Finalizer { get; init; }

    /// <summary>Who applies the children.</summary>
    public required string FieldManager { get; init; }

    /// <summary>The condition: the children are as they should be.</summary>
    public required string Reconciled { get; init; }

    /// <summary>The condition: the children work.</summary>
    public required string Ready { get; init; }

    /// <summary>The kinds that children may have.</summary>
    public required IReadOnlyList<ChildKind> Children { get; init; }

    /// <summary>The children of an object in each of its clusters. Pure.</summary>
    public required Func<T, IReadOnlyList<JsonObject>> Plan { get; init; }

    /// <summary>The object's clusters; null for all.</summary>
    public required Func<T, V1LabelSelector?> Selector { get; init; }

    /// <summary>The object's status.</summary>
    public required Func<T, IConditioned?> Status { get; init; }

    /// <summary>What keeps a child from working; null when it works.</summary>
    public required Func<RemoteCluster, IKubernetesObject<V1ObjectMeta>, string?> Problem { get; init; }

    /// <summary>Whom a deletion concerns; null for nobody.</summary>
    public Func<T, string?> InUse { get; init; } = _ => null;
}

/// <summary>One kind of child.</summary>
internal abstract record ChildKind(string ApiVersion, string Kind, Func<NamespacedName, string>? LabelSelector)
{
    /// <summary>The finalizer of the controller of this kind, when that runs on the nodes of the child's own cluster.</summary>
    public string? NodesFinalizer { get; init; }

    /// <summary>The children of an object that the cluster's cache knows.</summary>
    public abstract IReadOnlyList<IKubernetesObject<V1ObjectMeta>> Cached(Cache cache, NamespacedName parent);

    /// <summary>Takes a finalizer from a child, if it has it.</summary>
    /// <exception cref="KubeException">The child changed meanwhile (409), or the cluster refuses.</exception>
    public abstract Task LetGoAsync(KubeClient client, JsonObject child, string finalizer, CancellationToken cancellation);

    /// <summary>The children of an object, asked of the cluster itself: what was made a moment ago is in no cache yet.</summary>
    public async Task<IReadOnlyList<JsonObject>> AskAsync(KubeClient client, NamespacedName parent, CancellationToken cancellation)
    {
        try
        {
            return LabelSelector is not null
                ? await client.ListAsync(ApiVersion, Kind, parent.Namespace, cancellation, LabelSelector(parent))
                : await client.GetAsync(ApiVersion, Kind, parent.Namespace, parent.Name, cancellation) is { } child ? [child] : [];
        }
        catch (KubeException e) when (e.IsNotFound)
        {
            // The kind itself is not there.
            return [];
        }
    }
}

/// <summary>One kind of child, by its type.</summary>
/// <param name="Owns">Whether an object is a child of a parent.</param>
/// <param name="ParentOf">The parent of an object; null when it is nobody's child.</param>
/// <param name="LabelSelector">Finds a parent's children; null: the one with the parent's name.</param>
internal sealed record ChildKind<TChild>(
    Func<TChild, NamespacedName, bool> Owns, Func<TChild, NamespacedName?> ParentOf, Func<NamespacedName, string>? LabelSelector = null)
    : ChildKind(ResourceType.Of<TChild>().ApiVersion, ResourceType.Of<TChild>().Kind, LabelSelector)
    where TChild : class, IKubernetesObject<V1ObjectMeta>
{
    /// <summary>A kind whose children have their parents' names.</summary>
    public static ChildKind<TChild> SameName { get; } = new(
        (child, parent) => KeyOf(child) == parent, child => KeyOf(child));

    /// <inheritdoc />
    public override IReadOnlyList<IKubernetesObject<V1ObjectMeta>> Cached(Cache cache, NamespacedName parent) =>
        [.. cache.Informer<TChild>().All.Where(child => Owns(child, parent))];

    /// <inheritdoc />
    public override Task LetGoAsync(KubeClient client, JsonObject child, string finalizer, CancellationToken cancellation) =>
        client.RemoveFinalizerAsync(KubernetesJson.Deserialize<TChild>(child.ToJsonString()), finalizer, cancellation);

    private static NamespacedName KeyOf(TChild child) => new(child.Metadata.NamespaceProperty, child.Metadata.Name);
}
