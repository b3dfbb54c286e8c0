using System.Text.Json.Nodes;
using System.Threading.Channels;
using Dpf.ApiServer.Serving;
using Dpf.ApiServer.Storage;
using Microsoft.Extensions.Logging;

namespace Dpf.ApiServer.Garbage;

/// <summary>Deletes what its owners left behind, and lets owners go once their dependents are gone.</summary>
internal sealed class GarbageCollector(ServerComposition server) : IBackgroundService
{
    private readonly Channel<StoreEvent> _events = Channel.CreateUnbounded<StoreEvent>();
    private readonly Dictionary<string, HashSet<StoreKey>> _dependents = new(StringComparer.Ordinal);
    private readonly Dictionary<StoreKey, IReadOnlyList<string>> _owners = [];
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
            var owners = Forget(key);
            foreach (var dependent in _dependents.GetValueOrDefault(uid)?.ToList() ?? [])
            {
                await CollectAsync(dependent, cancellation);
            }

            foreach (var owner in owners)
            {
                await ReleaseOwnerAsync(owner, cancellation);
            }

            return;
        }

        Remember(key, metadata);
        if (metadata.TryGetProperty("ownerReferences", out _))
        {
            await CollectAsync(key, cancellation);
        }

        if (metadata.TryGetProperty("deletionTimestamp", out _) && metadata.TryGetProperty("finalizers", out var finalizers))
        {
            var names = finalizers.EnumerateArray().Select(f => f.GetString()).ToList();
            if (names.Contains("orphan"))
            {
                await OrphanAsync(key, uid, cancellation);
            }
            else if (names.Contains("foregroundDeletion"))
            {
                await ForegroundAsync(key, uid, cancellation);
            }
        }
    }

    private void Remember(StoreKey key, System.Text.Json.JsonElement metadata)
    {
        var owners = metadata.TryGetProperty("ownerReferences", out var references)
            ? references.EnumerateArray().Select(r => r.GetProperty("uid").GetString() ?? "").ToList()
            : [];
        if (owners.Count == 0 && !_owners.ContainsKey(key))
        {
            return;
        }

        Forget(key);
        if (owners.Count > 0)
        {
            _owners[key] = owners;
            foreach (var owner in owners)
            {
                if (!_dependents.TryGetValue(owner, out var set))
                {
                    _dependents[owner] = set = [];
                }

                set.Add(key);
            }
        }
    }

    private IReadOnlyList<string> Forget(StoreKey key)
    {
        if (!_owners.Remove(key, out var owners))
        {
            return [];
        }

        foreach (var owner in owners)
        {
            if (_dependents.TryGetValue(owner, out var set) && set.Remove(key) && set.Count == 0)
            {
                _dependents.Remove(owner);
            }
        }

        return owners;
    }

    /// <summary>Deletes an object all of whose owners are gone.</summary>
    private async Task CollectAsync(StoreKey key, CancellationToken cancellation)
    {
        if (Find(key) is not var (definition, value) || value.At("metadata", "deletionTimestamp") is not null)
        {
            return;
        }

        var references = value.Objects("metadata", "ownerReferences").ToList();
        if (references.Count > 0 && references.All(r => IsGone(r, key.Namespace)))
        {
            await DeleteAsync(definition, key, value, cancellation);
        }
    }

    private bool IsGone(JsonObject reference, string ns)
    {
        // An owner of a kind that is not served says nothing.
        return server.Registry.FindKind(reference.Text("apiVersion") ?? "", reference.Text("kind") ?? "") is { } definition &&
            server.Objects.Find(definition, ns, reference.Text("name") ?? "").Text("metadata", "uid") != reference.Text("uid");
    }

    private async Task ForegroundAsync(StoreKey key, string uid, CancellationToken cancellation)
    {
        var dependents = _dependents.GetValueOrDefault(uid)?.ToList() ?? [];
        foreach (var dependent in dependents)
        {
            if (Find(dependent) is var (definition, value) && value.At("metadata", "deletionTimestamp") is null)
            {
                await DeleteAsync(definition, dependent, value, cancellation, "Foreground");
            }
        }

        if (dependents.All(d => Find(d) is null))
        {
            await RemoveFinalizerAsync(key, "foregroundDeletion", cancellation);
        }
    }

    private async Task ReleaseOwnerAsync(string uid, CancellationToken cancellation)
    {
        if (_dependents.ContainsKey(uid))
        {
            return;
        }

        // Rare: only an owner that waits in the foreground cares, and it is found by its finalizer.
        foreach (var definition in server.Registry.All.Where(d => !d.Virtual && d.StoredAs is null).DistinctBy(d => d.StorageResource))
        {
            foreach (var item in server.Store.List(definition.StorageResource).Items)
            {
                var metadata = item.Root.GetProperty("metadata");
                if (metadata.TryGetProperty("deletionTimestamp", out _) && metadata.TryGetProperty("uid", out var its) && its.ValueEquals(uid) &&
                    metadata.TryGetProperty("finalizers", out var finalizers) &&
                    finalizers.EnumerateArray().Any(f => f.ValueEquals("foregroundDeletion")))
                {
                    await RemoveFinalizerAsync(item.Key, "foregroundDeletion", cancellation);
                }
            }
        }
    }

    private async Task OrphanAsync(StoreKey key, string uid, CancellationToken cancellation)
    {
        foreach (var dependent in _dependents.GetValueOrDefault(uid)?.ToList() ?? [])
        {
            if (Find(dependent) is var (definition, _))
            {
                await ChangeAsync(definition, dependent, value =>
                {
                    value.Map("metadata")["ownerReferences"] = new JsonArray(
                        [.. value.Objects("metadata", "ownerReferences").Where(r => r.Text("uid") != uid).Select(r => r.DeepClone())]);
                }, cancellation);
            }
        }

        await RemoveFinalizerAsync(key, "orphan", cancellation);
    }

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
        ResourceDefinition definition, StoreKey key, JsonObject value, CancellationToken cancellation, string policy = "Background")
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
