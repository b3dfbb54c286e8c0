using System.Collections.ObjectModel;
using System.Text.Json;
using System.Text.Json.Nodes;
using System.Threading.Channels;
using Dpf.ApiServer.Serving;
using Dpf.ApiServer.Storage;
using Microsoft.Extensions.Logging;

namespace Dpf.ApiServer.Garbage;

/// <summary>Deletes what its owners left behind, and lets owners go once their dependents are gone.</summary>
internal sealed class GarbageCollector(ServerComposition server) : IBackgroundService
{
    private const string Foreground = "foregroundDeletion";
    private readonly Channel<StoreEvent> _events = Channel.CreateUnbounded<StoreEvent>();
    private readonly OwnerGraph _graph = new();
    private readonly HashSet<GroupResource> _watched = [];
    private readonly ILogger _logger = server.Options.Loggers.CreateLogger("garbage");

    public async Task RunAsync(CancellationToken cancellation)
    {
        void WatchNew()
        {
            lock (_watched)
            {
                foreach (var resource in server.Registry.All.Where(d => !d.Virtual).Select(d => d.StorageResource).Distinct().Where(_watched.Add).ToList())
                {
                    _ = Task.Run(() => FollowAsync(resource, cancellation), cancellation);
                }
            }
        }

        server.Registry.Changed += WatchNew;
        try
        {
            WatchNew();
            await foreach (var change in _events.Reader.ReadAllAsync(cancellation))
            {
                try
                {
                    await HandleAsync(change, cancellation);
                }
                catch (Exception e) when (e is not OperationCanceledException)
                {
                    _logger.LogWarning("{Key}: {Message}", change.Object.Key, e.Message);
                }
            }
        }
        finally
        {
            server.Registry.Changed -= WatchNew;
        }
    }

    private async Task FollowAsync(GroupResource resource, CancellationToken cancellation)
    {
        while (!cancellation.IsCancellationRequested)
        {
            var snapshot = server.Store.List(resource);
            foreach (var item in snapshot.Items)
            {
                _events.Writer.TryWrite(new StoreEvent(StoreEventType.Added, item.Revision, item, null));
            }

            using var watch = server.Store.Watch(resource, snapshot.Revision);
            while (await watch.NextAsync(cancellation) is { } change)
            {
                _events.Writer.TryWrite(change);
            }
        }
    }

    private async Task HandleAsync(StoreEvent change, CancellationToken cancellation)
    {
        var key = change.Object.Key;
        var metadata = change.Object.Root.GetProperty("metadata");
        var uid = metadata.TryGetProperty("uid", out var u) ? u.GetString() ?? "" : "";
        if (change.Type == StoreEventType.Deleted)
        {
            var waiting = _graph.Set(key, ReadOnlyDictionary<string, bool>.Empty);
            foreach (var dependent in _graph.DependentsOf(uid))
            {
                await CollectAsync(dependent, cancellation);
            }

            await ReleaseAsync(waiting, cancellation);
            return;
        }

        var released = _graph.Set(key, Owners(key, metadata));
        if (metadata.TryGetProperty("ownerReferences", out _))
        {
            await CollectAsync(key, cancellation);
        }

        await ReleaseAsync(released, cancellation);
        if (metadata.TryGetProperty("deletionTimestamp", out _) && metadata.TryGetProperty("finalizers", out var finalizers))
        {
            var names = finalizers.EnumerateArray().Select(f => f.GetString()).ToList();
            if (names.Contains("orphan"))
            {
                await OrphanAsync(key, uid, cancellation);
            }
            else if (names.Contains(Foreground))
            {
                await ForegroundAsync(key, uid, cancellation);
            }
        }
    }

    /// <summary>An object's owners, each with whether it waits for the object when it goes in the foreground.</summary>
    private Dictionary<string, bool> Owners(StoreKey key, JsonElement metadata)
    {
        var owners = new Dictionary<string, bool>(StringComparer.Ordinal);
        if (metadata.TryGetProperty("ownerReferences", out var references))
        {
            foreach (var reference in references.EnumerateArray().Select(r => JsonObject.Create(r)).OfType<JsonObject>())
            {
                if (reference.Text("uid") is { Length: > 0 } uid)
                {
                    owners[uid] = reference.Flag("blockOwnerDeletion") && !IsOutOfReach(reference, key);
                }
            }
        }

        return owners;
    }

    /// <summary>Deletes an object all of whose owners are gone or wait for it to go; of others it takes the references to those.</summary>
    private async Task CollectAsync(StoreKey key, CancellationToken cancellation)
    {
        if (Find(key) is not var (definition, value) || value.At("metadata", "deletionTimestamp") is not null)
        {
            return;
        }

        var references = value.Objects("metadata", "ownerReferences").ToList();
        if (references.Count == 0 || references.Any(r => IsOutOfReach(r, key)))
        {
            return;
        }

        var ending = references.Select(r => (Uid: r.Text("uid"), Fate: FateOf(r, key.Namespace))).Where(r => r.Fate != OwnerFate.Stays).ToList();
        if (ending.Count == references.Count)
        {
            await DeleteAsync(definition, key, value, ending.Any(r => r.Fate == OwnerFate.Waits) ? "Foreground" : "Background", cancellation);
        }
        else if (ending.Count > 0)
        {
            await DropOwnersAsync(definition, key, [.. ending.Select(r => r.Uid)], cancellation);
        }
    }

    /// <summary>Whether a cluster's object names a namespace's as its owner: which one, nothing says, so nothing follows from it.</summary>
    private bool IsOutOfReach(JsonObject reference, StoreKey key) =>
        key.Namespace.Length == 0 && OwnerKind(reference) is { Namespaced: true };

    private ResourceDefinition? OwnerKind(JsonObject reference) =>
        server.Registry.FindKind(reference.Text("apiVersion") ?? "", reference.Text("kind") ?? "");

    private OwnerFate FateOf(JsonObject reference, string ns)
    {
        if (OwnerKind(reference) is not { } definition)
        {
            // An owner of a kind that is not served says nothing.
            return OwnerFate.Stays;
        }

        var owner = server.Objects.Find(definition, ns, reference.Text("name") ?? "");
        return owner.Text("metadata", "uid") != reference.Text("uid") ? OwnerFate.Gone
            : owner.At("metadata", "deletionTimestamp") is not null && owner.Texts("metadata", "finalizers").Contains(Foreground) ? OwnerFate.Waits
            : OwnerFate.Stays;
    }

    private async Task ForegroundAsync(StoreKey key, string uid, CancellationToken cancellation)
    {
        foreach (var dependent in _graph.DependentsOf(uid))
        {
            await CollectAsync(dependent, cancellation);
        }

        if (!_graph.HoldersOf(uid).Any(h => Find(h) is var (_, value) && value.Objects("metadata", "ownerReferences").Any(r => r.Text("uid") == uid)))
        {
            await RemoveFinalizerAsync(key, Foreground, cancellation);
        }
    }

    /// <summary>Lets owners go that wait in the foreground, once nothing holds them any more.</summary>
    private async Task ReleaseAsync(IReadOnlyList<string> owners, CancellationToken cancellation)
    {
        var free = owners.Where(o => _graph.HoldersOf(o).Count == 0).ToHashSet(StringComparer.Ordinal);
        if (free.Count == 0)
        {
            return;
        }

        // Rare: only an owner that waits in the foreground cares, and it is found by its finalizer.
        foreach (var definition in server.Registry.All.Where(d => !d.Virtual && d.StoredAs is null).DistinctBy(d => d.StorageResource))
        {
            foreach (var item in server.Store.List(definition.StorageResource).Items)
            {
                var metadata = item.Root.GetProperty("metadata");
                if (metadata.TryGetProperty("deletionTimestamp", out _) && metadata.TryGetProperty("uid", out var its) && free.Contains(its.GetString() ?? "") &&
                    metadata.TryGetProperty("finalizers", out var finalizers) &&
                    finalizers.EnumerateArray().Any(f => f.ValueEquals(Foreground)))
                {
                    await RemoveFinalizerAsync(item.Key, Foreground, cancellation);
                }
            }
        }
    }

    private async Task OrphanAsync(StoreKey key, string uid, CancellationToken cancellation)
    {
        foreach (var dependent in _graph.DependentsOf(uid))
        {
            if (Find(dependent) is var (definition, _))
            {
                await DropOwnersAsync(definition, dependent, [uid], cancellation);
            }
        }

        await RemoveFinalizerAsync(key, "orphan", cancellation);
    }

    private Task DropOwnersAsync(ResourceDefinition definition, StoreKey key, IReadOnlyCollection<string?> uids, CancellationToken cancellation) =>
        ChangeAsync(
            definition, key,
            value => value.Map("metadata")["ownerReferences"] = new JsonArray(
                [.. value.Objects("metadata", "ownerReferences").Where(r => !uids.Contains(r.Text("uid"))).Select(r => r.DeepClone())]),
            cancellation);

    private async Task RemoveFinalizerAsync(StoreKey key, string finalizer, CancellationToken cancellation)
    {
        if (Find(key) is var (definition, _))
        {
            await ChangeAsync(definition, key, value =>
            {
                value.Map("metadata")["finalizers"] = new JsonArray(
                    [.. value.Texts("metadata", "finalizers").Where(f => f != finalizer).Select(f => (JsonNode)f)]);
            }, cancellation);
        }
    }

    private async Task ChangeAsync(ResourceDefinition definition, StoreKey key, Action<JsonObject> change, CancellationToken cancellation)
    {
        try
        {
            await server.Objects.UpdateAsync(
                definition, key.Namespace, key.Name, "",
                value =>
                {
                    value.Map("metadata").Remove("resourceVersion");
                    change(value);
                    return value;
                },
                cancellation: cancellation);
        }
        catch (ApiException e) when (e.Code == 404)
        {
            // Gone already.
        }
    }

    private async Task DeleteAsync(
        ResourceDefinition definition, StoreKey key, JsonObject value, string policy, CancellationToken cancellation)
    {
        try
        {
            await server.Objects.DeleteAsync(
                definition, key.Namespace, key.Name,
                new DeleteRequest { PropagationPolicy = policy, Uid = value.Text("metadata", "uid") }, cancellation: cancellation);
        }
        catch (ApiException e) when (e.Code is 404 or 409)
        {
            // Gone, or another by the same name.
        }
    }

    private (ResourceDefinition Definition, JsonObject Value)? Find(StoreKey key) =>
        server.Registry.FindPreferred(key.Resource.Group, key.Resource.Resource) is { } definition &&
        server.Objects.Find(definition, key.Namespace, key.Name) is { } value
            ? (definition, value)
            : null;
}

/// <summary>What is with an owner.</summary>
internal enum OwnerFate
{
    /// <summary>It is there.</summary>
    Stays,

    /// <summary>It goes, after what it owns.</summary>
    Waits,

    /// <summary>It is not there, or another by its name is.</summary>
    Gone,
}
