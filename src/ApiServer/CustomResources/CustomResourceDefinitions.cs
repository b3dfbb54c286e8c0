using System.Text.Json.Nodes;
using Dpf.ApiServer.Schemas;
using Dpf.ApiServer.Serving;
using Dpf.ApiServer.Storage;
using Microsoft.Extensions.Logging;

namespace Dpf.ApiServer.CustomResources;

/// <summary>Serves the kinds that CustomResourceDefinitions describe, from the moment they are written until they are gone.</summary>
internal sealed class CustomResourceDefinitions(ServerComposition server) : IBackgroundService
{
    private const string CleanUp = "customresourcecleanup.apiextensions.k8s.io";
    private static readonly GroupResource Stored = new("apiextensions.k8s.io", "customresourcedefinitions");
    private readonly ILogger _logger = server.Options.Loggers.CreateLogger("customresources");
    private StoreSnapshot? _loaded;

    private ResourceDefinition Own => server.Registry.Find("apiextensions.k8s.io", "v1", "customresourcedefinitions")!;

    /// <summary>Serves those that are stored already, before the first request.</summary>
    public Task LoadAsync(CancellationToken cancellation)
    {
        _loaded = ServeStored();
        return Task.CompletedTask;
    }

    public async Task RunAsync(CancellationToken cancellation)
    {
        // After a failure it begins with what is stored then, not where it began before: what went meanwhile is served no more.
        var snapshot = Interlocked.Exchange(ref _loaded, null) ?? ServeStored();
        foreach (var item in snapshot.Items)
        {
            await HandleAsync(item, AcceptAsync, cancellation);
        }

        using var watch = server.Store.Watch(Stored, snapshot.Revision);
        while (await watch.NextAsync(cancellation) is { } change)
        {
            if (change.Type == StoreEventType.Deleted)
            {
                var (group, plural) = Place(change.Object.ToObject());
                server.Registry.Remove(d => d.IsCustom && d.Group == group && d.Plural == plural);
                continue;
            }

            await HandleAsync(
                change.Object,
                async (crd, token) =>
                {
                    Register(crd);
                    await AcceptAsync(crd, token);
                },
                cancellation);
        }
    }

    private static (string? Group, string? Plural) Place(JsonObject crd) => (crd.Text("spec", "group"), crd.Text("spec", "names", "plural"));

    private StoreSnapshot ServeStored()
    {
        var snapshot = server.Store.List(Stored);
        var good = new List<StoredObject>();
        var places = new HashSet<(string?, string?)>();
        foreach (var item in snapshot.Items)
        {
            var crd = item.ToObject();
            places.Add(Place(crd));
            try
            {
                Register(crd);
                good.Add(item);
            }
            catch (Exception e)
            {
                Skip(item, e);
            }
        }

        server.Registry.Remove(d => d.IsCustom && !places.Contains((d.Group, d.Plural)));
        return snapshot with { Items = good };
    }

    /// <summary>Does something about one definition; if that can not be done, the others are served all the same.</summary>
    private async Task HandleAsync(StoredObject stored, Func<JsonObject, CancellationToken, Task> handle, CancellationToken cancellation)
    {
        try
        {
            await handle(stored.ToObject(), cancellation);
        }
        catch (Exception e) when (e is not OperationCanceledException)
        {
            Skip(stored, e);
        }
    }

    private void Skip(StoredObject stored, Exception why) =>
        _logger.LogError(why, "{Definition} is not served as it is", stored.Key.Name);

    private void Register(JsonObject crd)
    {
        if (Place(crd) is not ({ Length: > 0 } group, { Length: > 0 } plural) || crd.Text("spec", "names", "kind") is not { Length: > 0 })
        {
            throw new FormatException("spec.group, spec.names.plural and spec.names.kind are required");
        }

        var definitions = crd.Objects("spec", "versions").Where(v => v.Flag("served")).Select(v => Definition(crd, v)).ToList();
        server.Registry.Change(
            definitions,
            d => d.IsCustom && d.Group == group && d.Plural == plural && definitions.All(n => n.Version != d.Version));
    }

    private static ResourceDefinition Definition(JsonObject crd, JsonObject version)
    {
        var names = crd.At("spec", "names");
        var subresources = new List<SubresourceDefinition>();
        if (version.At("subresources", "status") is not null)
        {
            subresources.Add(new SubresourceDefinition { Name = "status" });
        }

        ScalePaths? scale = null;
        if (version.At("subresources", "scale") is { } paths)
        {
            subresources.Add(new SubresourceDefinition { Name = "scale", Kind = "Scale", Group = "autoscaling", Version = "v1" });
            scale = new ScalePaths(paths.Text("specReplicasPath")!, paths.Text("statusReplicasPath")!, paths.Text("labelSelectorPath"));
        }

        return new ResourceDefinition
        {
            Group = crd.Text("spec", "group")!,
            Version = version.Text("name") ?? throw new FormatException("a version of spec.versions has no name"),
            Kind = names.Text("kind")!,
            ListKind = names.Text("listKind") ?? names.Text("kind") + "List",
            Plural = names.Text("plural")!,
            Singular = names.Text("singular") ?? names.Text("kind")!.ToLowerInvariant(),
            ShortNames = [.. names.Texts("shortNames")],
            Categories = [.. names.Texts("categories")],
            Namespaced = crd.Text("spec", "scope") == "Namespaced",
            IsCustom = true,
            Preferred = version.Flag("storage"),
            Schema = StructuralSchema.From(version.At("schema", "openAPIV3Schema")),
            Subresources = subresources,
            Scale = scale,
            Generation = subresources.Any(s => s.Name == "status") ? GenerationRule.AllButStatus : GenerationRule.AllButMetadata,
            SelectableFields = [.. version.Objects("selectableFields").Select(f => f.Text("jsonPath")!.TrimStart('.'))],
            DeprecationWarning = version.Flag("deprecated")
                ? version.Text("deprecationWarning") ?? $"{crd.Text("spec", "group")}/{version.Text("name")} {names.Text("kind")} is deprecated"
                : null,
            PrinterColumns =
            [
                .. version.Objects("additionalPrinterColumns").Select(c => new PrinterColumn(
                    c.Text("name") ?? "", c.Text("type") ?? "string", c.Text("jsonPath") ?? "")
                {
                    Format = c.Text("format") ?? "",
                    Description = c.Text("description") ?? "",
                    Priority = (int)(c.Number("priority") ?? 0),
                }),
            ],
        };
    }

    /// <summary>Says that a definition is served, or removes its objects when it goes.</summary>
    private async Task AcceptAsync(JsonObject crd, CancellationToken cancellation)
    {
        if (crd.At("metadata", "deletionTimestamp") is not null)
        {
            await CleanUpAsync(crd, cancellation);
            return;
        }

        if (crd.Objects("status", "conditions").Any(c => c.Text("type") == "Established" && c.Text("status") == "True") &&
            crd.Texts("metadata", "finalizers").Contains(CleanUp) &&
            JsonNode.DeepEquals(crd.At("status", "acceptedNames"), crd.At("spec", "names")))
        {
            return;
        }

        try
        {
            var name = crd.Name();
            await server.Objects.UpdateAsync(
                Own, "", name, "",
                old =>
                {
                    var metadata = old.Map("metadata");
                    metadata.Remove("resourceVersion");
                    metadata["finalizers"] = new JsonArray(
                        [.. old.Texts("metadata", "finalizers").Append(CleanUp).Distinct(StringComparer.Ordinal).Select(f => (JsonNode)f)]);
                    return old;
                },
                cancellation: cancellation);
            await server.Objects.UpdateAsync(Own, "", name, "status", Established, cancellation: cancellation);
        }
        catch (ApiException e) when (e.Code is 404 or 409)
        {
            // It went, or changes again: the next change is looked at too.
        }
    }

    private JsonObject Established(JsonObject crd)
    {
        var now = Timestamp.Text(server.Options.Time.GetUtcNow());
        JsonObject Condition(string type, string reason, string message) => new()
        {
            ["type"] = type, ["status"] = "True", ["reason"] = reason, ["message"] = message,
            ["lastTransitionTime"] = crd.Objects("status", "conditions").FirstOrDefault(c => c.Text("type") == type)?.Text("lastTransitionTime") ?? now,
        };
        crd.Map("metadata").Remove("resourceVersion");
        crd["status"] = new JsonObject
        {
            ["conditions"] = new JsonArray(
                Condition("NamesAccepted", "NoConflicts", "no conflicts found"),
                Condition("Established", "InitialNamesAccepted", "the initial names have been accepted")),
            ["acceptedNames"] = crd.At("spec", "names")?.DeepClone(),
            ["storedVersions"] = new JsonArray(
                [.. crd.Objects("spec", "versions").Where(v => v.Flag("storage")).Select(v => (JsonNode)v.Text("name")!)]),
        };
        return crd;
    }

    private async Task CleanUpAsync(JsonObject crd, CancellationToken cancellation)
    {
        if (!crd.Texts("metadata", "finalizers").Contains(CleanUp))
        {
            return;
        }

        var (group, plural) = (crd.Text("spec", "group")!, crd.Text("spec", "names", "plural")!);
        if (server.Registry.FindPreferred(group, plural) is { } definition)
        {
            foreach (var item in server.Store.List(definition.StorageResource).Items)
            {
                try
                {
                    await server.Objects.DeleteAsync(definition, item.Key.Namespace, item.Key.Name, cancellation: cancellation);
                }
                catch (ApiException e) when (e.Code == 404)
                {
                    // Gone already.
                }
            }

            if (server.Store.List(definition.StorageResource).Items.Count > 0)
            {
                // Finalizers hold some: looked at again in a while, as nothing tells of their end here.
                _ = Task.Run(
                    async () =>
                    {
                        await Task.Delay(TimeSpan.FromMilliseconds(500), server.Options.Time, cancellation);
                        await CleanUpAsync(crd, cancellation);
                    },
                    cancellation);
                return;
            }
        }

        try
        {
            await server.Objects.UpdateAsync(
                Own, "", crd.Name(), "",
                old =>
                {
                    old.Map("metadata").Remove("resourceVersion");
                    old.Map("metadata")["finalizers"] = new JsonArray(
                        [.. old.Texts("metadata", "finalizers").Where(f => f != CleanUp).Select(f => (JsonNode)f)]);
                    return old;
                },
                cancellation: cancellation);
        }
        catch (ApiException e) when (e.Code == 404)
        {
            // Gone already.
        }
    }
}
