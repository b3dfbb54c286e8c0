using System.Text.Json.Nodes;
using Dpf.ApiServer.Serving;
using Dpf.ApiServer.Storage;

namespace Dpf.ApiServer.Garbage;

/// <summary>Furnishes new namespaces with what pods need, and empties those that end.</summary>
internal sealed class NamespaceLifecycle(ServerComposition server) : IBackgroundService
{
    private static readonly GroupResource Stored = new("", "namespaces");
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(50);
    private const int PassesBeforeWords = 20;
    private readonly HashSet<string> _emptying = new(StringComparer.Ordinal);

    public async Task RunAsync(CancellationToken cancellation)
    {
        var snapshot = server.Store.List(Stored);
        foreach (var item in snapshot.Items)
        {
            await HandleAsync(item, cancellation);
        }

        using var watch = server.Store.Watch(Stored, snapshot.Revision);
        while (await watch.NextAsync(cancellation) is { } change)
        {
            if (change.Type != StoreEventType.Deleted)
            {
                await HandleAsync(change.Object, cancellation);
            }
        }
    }

    private async Task HandleAsync(StoredObject stored, CancellationToken cancellation)
    {
        var name = stored.Key.Name;
        if (!stored.Root.GetProperty("metadata").TryGetProperty("deletionTimestamp", out _))
        {
            await FurnishAsync(name, cancellation);
            return;
        }

        lock (_emptying)
        {
            if (!_emptying.Add(name))
            {
                return;
            }
        }

        _ = Task.Run(() => EmptyAsync(name, cancellation), cancellation);
    }

    private async Task FurnishAsync(string ns, CancellationToken cancellation)
    {
        await EnsureAsync("serviceaccounts", ns, new JsonObject { ["metadata"] = new JsonObject { ["name"] = "default" } }, cancellation);
        await EnsureAsync(
            "configmaps", ns,
            new JsonObject
            {
                ["metadata"] = new JsonObject
                {
                    ["name"] = "kube-root-ca.crt",
                    ["annotations"] = new JsonObject
                    {
                        ["kubernetes.io/description"] = "The certificate authority that signs the API server's certificate.",
                    },
                },
                ["data"] = new JsonObject { ["ca.crt"] = server.Certificates.CaPem },
            },
            cancellation);
    }

    private async Task EnsureAsync(string plural, string ns, JsonObject value, CancellationToken cancellation)
    {
        var definition = server.Registry.Find("", "v1", plural)!;
        if (server.Objects.Find(definition, ns, value.Name()) is not null)
        {
            return;
        }

        try
        {
            await server.Objects.CreateAsync(definition, ns, value, cancellation: cancellation);
        }
        catch (ApiException e) when (e.Code is 403 or 404 or 409)
        {
            // It is there already, or the namespace ends.
        }
    }

    private async Task EmptyAsync(string ns, CancellationToken cancellation)
    {
        try
        {
            var namespaces = server.Registry.Find("", "v1", "namespaces")!;
            for (var (pass, told) = (1, ""); await DeleteContentAsync(ns, cancellation) is { Count: > 0 } left; pass++)
            {
                // What is gone in a moment nobody asks for.
                if (pass >= PassesBeforeWords && NamespaceRemains.Conditions(left, server.Options.Time.GetUtcNow()) is var remains && remains.Words != told)
                {
                    told = remains.Words;
                    await server.Objects.UpdateAsync(
                        namespaces, "", ns, "status", value => NamespaceRemains.Lay(value, remains.Conditions), cancellation: cancellation);
                }

                await Task.Delay(Pause, server.Options.Time, cancellation);
            }

            await server.Objects.UpdateAsync(
                namespaces, "", ns, "finalize",
                value =>
                {
                    value.Map("metadata").Remove("resourceVersion");
                    value.Map("spec")["finalizers"] = new JsonArray(
                        [.. value.Texts("spec", "finalizers").Where(f => f != "kubernetes").Select(f => (JsonNode)f)]);
                    return value;
                },
                cancellation: cancellation);
        }
        catch (ApiException e) when (e.Code == 404)
        {
            // Gone already.
        }
        finally
        {
            lock (_emptying)
            {
                _emptying.Remove(ns);
            }
        }
    }

    /// <summary>Deletes what is in a namespace; returns what is left, with its resource.</summary>
    private async Task<List<(GroupResource Resource, StoredObject Object)>> DeleteContentAsync(string ns, CancellationToken cancellation)
    {
        var left = new List<(GroupResource, StoredObject)>();
        foreach (var definition in server.Registry.All.Where(d => d is { Namespaced: true, Virtual: false, StoredAs: null }).DistinctBy(d => d.StorageResource))
        {
            foreach (var item in server.Store.List(definition.StorageResource, ns).Items)
            {
                left.Add((definition.GroupResource, item));
                if (item.Root.GetProperty("metadata").TryGetProperty("deletionTimestamp", out _))
                {
                    continue;
                }

                try
                {
                    await server.Objects.DeleteAsync(
                        definition, ns, item.Key.Name, new DeleteRequest { PropagationPolicy = "Background" }, cancellation: cancellation);
                }
                catch (ApiException e) when (e.Code is 404 or 409)
                {
                    // Gone, or looked at again.
                }
            }
        }

        return left;
    }
}
