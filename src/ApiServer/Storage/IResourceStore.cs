using System.Text.Json;
using System.Text.Json.Nodes;
using Dpf.ApiServer.Serving;

namespace Dpf.ApiServer.Storage;

/// <summary>Where an object is kept.</summary>
public readonly record struct StoreKey(GroupResource Resource, string Namespace, string Name)
{
    /// <summary>The key within its resource: by namespace, then by name.</summary>
    public string Path => Namespace.Length == 0 ? Name : $"{Namespace}/{Name}";

    /// <inheritdoc/>
    public override string ToString() => $"/registry/{Resource}/{Path}";
}

/// <summary>An object as it was stored at a revision; never changes.</summary>
public sealed class StoredObject(StoreKey key, long revision, byte[] utf8)
{
    private JsonDocument? _document;

    /// <summary>Its place.</summary>
    public StoreKey Key { get; } = key;

    /// <summary>The revision that wrote it.</summary>
    public long Revision { get; } = revision;

    /// <summary>Its JSON, <c>metadata.resourceVersion</c> included.</summary>
    public ReadOnlyMemory<byte> Utf8 { get; } = utf8;

    /// <summary>Its JSON to look at from any thread.</summary>
    public JsonElement Root => (_document ??= JsonDocument.Parse(Utf8)).RootElement;

    /// <summary>A copy to change.</summary>
    public JsonObject ToObject() => JsonNode.Parse(Utf8.Span)!.AsObject();
}

/// <summary>What happened to an object.</summary>
public enum StoreEventType
{
    /// <summary>It is new.</summary>
    Added,

    /// <summary>It is different.</summary>
    Modified,

    /// <summary>It is gone.</summary>
    Deleted,
}

/// <summary>A change of one object at one revision.</summary>
/// <param name="Type">What happened.</param>
/// <param name="Revision">When.</param>
/// <param name="Object">The new state; for a deletion the last state, bearing the revision of the deletion.</param>
/// <param name="Previous">The state before; null for a new object.</param>
public sealed record StoreEvent(StoreEventType Type, long Revision, StoredObject Object, StoredObject? Previous);

/// <summary>The objects of one resource at one revision, in key order.</summary>
public sealed record StoreSnapshot(long Revision, IReadOnlyList<StoredObject> Items);

/// <summary>The changes of one resource after a revision, in order.</summary>
public interface IStoreWatch : IDisposable
{
    /// <summary>Waits for the next change; null: the reader fell too far behind and must list again.</summary>
    ValueTask<StoreEvent?> NextAsync(CancellationToken cancellation);

    /// <summary>Takes the next change if it is there already.</summary>
    bool TryNext(out StoreEvent? change);

    /// <summary>All changes up to this revision have been handed out when there is none left to take.</summary>
    long Revision { get; }
}

/// <summary>
/// Objects under keys, with one revision that counts every change of any of them. A write ends when it is durable and
/// every read sees it.
/// </summary>
public interface IResourceStore : IAsyncDisposable
{
    /// <summary>The latest revision.</summary>
    long Revision { get; }

    /// <summary>The revision of a resource's latest change, or, of changes before the store was opened, the one that it was opened at; it only grows.</summary>
    long RevisionOf(GroupResource resource);

    /// <summary>The object now, or null.</summary>
    StoredObject? Get(StoreKey key);

    /// <summary>
    /// The objects of a resource, or of one namespace of it, now or at a revision.
    /// </summary>
    /// <exception cref="RevisionCompactedException">That revision is forgotten.</exception>
    StoreSnapshot List(GroupResource resource, string @namespace = "", long revision = 0);

    /// <summary>
    /// Writes an object if its present revision is the expected one (0: it must not exist) and sets its
    /// <c>metadata.resourceVersion</c>.
    /// </summary>
    /// <exception cref="RevisionConflictException">It has another revision.</exception>
    ValueTask<StoredObject> PutAsync(
        StoreKey key, JsonObject value, long expectedRevision, CancellationToken cancellation = default);

    /// <summary>Removes an object if it has the expected revision. Returns the revision of the removal.</summary>
    /// <exception cref="RevisionConflictException">It has another revision.</exception>
    ValueTask<long> DeleteAsync(StoreKey key, long expectedRevision, CancellationToken cancellation = default);

    /// <summary>The changes of a resource after a revision.</summary>
    /// <exception cref="RevisionCompactedException">That revision is forgotten.</exception>
    IStoreWatch Watch(GroupResource resource, long afterRevision);
}

/// <summary>An object does not have the expected revision.</summary>
public sealed class RevisionConflictException(StoreKey key, long expected, long actual)
    : Exception($"{key}: expected revision {expected}, found {actual}; read it again and repeat the change")
{
    /// <summary>The revision that it has; 0: it does not exist.</summary>
    public long Actual { get; } = actual;
}

/// <summary>A revision lies before what the store remembers.</summary>
public sealed class RevisionCompactedException(long asked, long oldest)
    : Exception($"revision {asked} is forgotten, the oldest known is {oldest}; list again")
{
    /// <summary>The revision asked for.</summary>
    public long Asked { get; } = asked;

    /// <summary>The oldest one known.</summary>
    public long Oldest { get; } = oldest;
}
