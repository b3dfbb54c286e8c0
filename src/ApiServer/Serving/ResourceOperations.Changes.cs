using System.Text.Json.Nodes;
using Dpf.ApiServer.Patching;
using Dpf.ApiServer.Storage;
using Dpf.ApiServer.Strategies;

namespace Dpf.ApiServer.Serving;

/// <content>Updates, patches and applies.</content>
public sealed partial class ResourceOperations
{
    private static readonly string[] FixedMetadata =
        ["name", "namespace", "uid", "creationTimestamp", "deletionTimestamp", "deletionGracePeriodSeconds", "generation", "generateName"];

    /// <summary>
    /// Changes an object. <paramref name="change"/> gets a copy and returns the new object; a resourceVersion in it must be the
    /// current one, without it the change is repeated on whatever is there.
    /// </summary>
    /// <exception cref="ApiException">It is not there, changed meanwhile, is not valid, or was refused.</exception>
    public Task<JsonObject> UpdateAsync(
        ResourceDefinition definition, string @namespace, string name, string subresource, Func<JsonObject, JsonObject> change,
        WriteOptions? options = null, CancellationToken cancellation = default)
    {
        options ??= new WriteOptions();
        return ChangeAsync(
            definition, @namespace, name, subresource, options,
            old =>
            {
                var wanted = change(old.Copy());
                return (wanted, Track);

                ManagedFields Track(JsonObject before, JsonObject after)
                {
                    var fields = ManagedFields.Sent(wanted, before);
                    fields.Update(definition, subresource, options.FieldManager, before, after, server.Options.Time.GetUtcNow());
                    return fields;
                }
            },
            cancellation);
    }

    /// <summary>Server-side apply; creates the object when it is not there.</summary>
    /// <exception cref="ApiException">Other managers own fields (409), it is not valid, or was refused.</exception>
    public async Task<(JsonObject Object, bool Created)> ApplyAsync(
        ResourceDefinition definition, string @namespace, string name, string subresource, JsonObject value,
        WriteOptions? options = null, CancellationToken cancellation = default)
    {
        options ??= new WriteOptions();
        if (value.At("metadata", "managedFields") is JsonArray { Count: > 0 })
        {
            throw ApiErrors.BadRequest("metadata.managedFields must be nil");
        }

        for (var attempt = 0; attempt < Attempts; attempt++)
        {
            if (server.Store.Get(Key(definition, @namespace, name)) is not null)
            {
                try
                {
                    return (await ApplyToExistingAsync(definition, @namespace, name, subresource, value, options, cancellation), false);
                }
                catch (ApiException e) when (e is { Code: 404 } && subresource.Length == 0)
                {
                    // It went while we looked: make it anew.
                    continue;
                }
            }

            if (subresource.Length > 0)
            {
                throw ApiErrors.NotFound(definition.GroupResource, name);
            }

            try
            {
                return (await ApplyNewAsync(definition, @namespace, name, value, options, cancellation), true);
            }
            catch (ApiException e) when (e.Reason == "AlreadyExists")
            {
                // Somebody else was faster: lay it over theirs.
            }
        }

        throw ApiErrors.Modified(definition.GroupResource, name);
    }

    private Task<JsonObject> ApplyNewAsync(
        ResourceDefinition definition, string @namespace, string name, JsonObject value, WriteOptions options, CancellationToken cancellation)
    {
        if (value.Text("metadata", "uid") is { Length: > 0 } uid)
        {
            // Meant for one object, and that is gone.
            throw ApiErrors.Conflict(
                definition.GroupResource, name, $"uid mismatch: the provided object specified uid {uid}, and no existing object was found");
        }

        var made = value.Copy();
        made.Map("metadata")["name"] = name;
        made.Map("metadata").Remove("resourceVersion");
        return CreateAsync(definition, @namespace, made, options, final =>
        {
            var fields = ManagedFields.Of(null);
            fields.Apply(
                definition, "", options.FieldManager, [], exists: false, Applied(definition, value, name), options.Force,
                server.Options.Time.GetUtcNow());
            fields.WriteTo(final);
        }, cancellation);
    }

    private Task<JsonObject> ApplyToExistingAsync(
        ResourceDefinition definition, string @namespace, string name, string subresource, JsonObject value, WriteOptions options,
        CancellationToken cancellation) => ChangeAsync(
            definition, @namespace, name, subresource, options,
            old =>
            {
                var fields = ManagedFields.Of(old);
                var merged = fields.Apply(
                    definition, subresource, options.FieldManager, old.Copy(), exists: true, Applied(definition, value, name),
                    options.Force, server.Options.Time.GetUtcNow());
                if (value.Text("metadata", "resourceVersion") is { Length: > 0 } version)
                {
                    merged.Map("metadata")["resourceVersion"] = version;
                }
                else
                {
                    merged.Map("metadata").Remove("resourceVersion");
                }

                return (merged, (_, _) => fields);
            },
            cancellation);

    private static JsonObject Applied(ResourceDefinition definition, JsonObject value, string name)
    {
        var applied = value.Copy();
        applied["apiVersion"] = definition.ApiVersion;
        applied["kind"] = definition.Kind;
        applied.Map("metadata")["name"] = name;
        if (definition.Schema is { IsSchemaless: false } schema && TypedValues.FindDuplicate(applied, schema) is { } duplicate)
        {
            throw new ApiException(500, null, $"failed to create typed patch object ({name}; {definition.ApiVersion}, Kind={definition.Kind}): {duplicate}");
        }

        return applied;
    }

    private async Task<JsonObject> ChangeAsync(
        ResourceDefinition definition, string @namespace, string name, string subresource, WriteOptions options,
        Func<JsonObject, (JsonObject Wanted, Func<JsonObject, JsonObject, ManagedFields> Track)> change, CancellationToken cancellation)
    {
        var strategy = Strategy(definition);
        for (var attempt = 0; attempt < Attempts; attempt++)
        {
            var stored = server.Store.Get(Key(definition, @namespace, name))
                ?? throw ApiErrors.NotFound(definition.GroupResource, name);
            var old = Show(definition, stored);
            var (wanted, track) = change(old);
            var version = wanted.Text("metadata", "resourceVersion");
            var isConditional = version is { Length: > 0 } && version != "0";
            if (isConditional && version != old.Text("metadata", "resourceVersion"))
            {
                throw ApiErrors.Modified(definition.GroupResource, name);
            }

            Identify(definition, wanted, old, name);
            var value = Merge(definition, subresource, wanted, old);
            Shape(definition, strategy, value, options);
            await strategy.PrepareForUpdateAsync(value, old, subresource, options.DryRun, cancellation);
            CountGeneration(definition, value, old);
            value = await AdmitAsync(
                Attributes(AdmissionOperation.Update, definition, subresource, @namespace, value, old, options), definition, strategy,
                cancellation);
            Throw(definition, value, [.. Errors(definition, strategy, value, old), .. strategy.ValidateUpdate(value, old, subresource)]);
            track(old, value).WriteTo(value);
            value.Map("metadata")["resourceVersion"] = old.Text("metadata", "resourceVersion");
            if (Same(value, old))
            {
                return old;
            }

            if (options.DryRun)
            {
                return value;
            }

            try
            {
                return IsEnded(strategy, value)
                    ? await RemoveAsync(definition, strategy, @namespace, value, stored.Revision, cancellation)
                    : await PutAsync(definition, @namespace, value, stored.Revision, cancellation);
            }
            catch (RevisionConflictException)
            {
                if (isConditional)
                {
                    throw ApiErrors.Modified(definition.GroupResource, name);
                }
            }
        }

        throw ApiErrors.Modified(definition.GroupResource, name);
    }

    private static void Identify(ResourceDefinition definition, JsonObject wanted, JsonObject old, string name)
    {
        var metadata = wanted.Map("metadata");
        if (metadata.Text("name") is { Length: > 0 } given && given != name)
        {
            throw ApiErrors.BadRequest($"the name of the object ({given}) does not match the name on the URL ({name})");
        }

        if (metadata.Text("uid") is { Length: > 0 } uid && uid != old.Text("metadata", "uid"))
        {
            throw ApiErrors.Conflict(
                definition.GroupResource, name,
                $"Precondition failed: UID in precondition: {uid}, UID in object meta: {old.Text("metadata", "uid")}");
        }

        foreach (var field in FixedMetadata)
        {
            metadata.Remove(field);
            if (old.At("metadata", field) is { } kept)
            {
                metadata[field] = kept.DeepClone();
            }
        }
    }

    /// <summary>What of the wanted object a write through the subresource may change, laid over the old one.</summary>
    private static JsonObject Merge(ResourceDefinition definition, string subresource, JsonObject wanted, JsonObject old)
    {
        JsonObject value;
        if (subresource.Length == 0)
        {
            value = wanted.Copy();
            if (definition.HasStatus)
            {
                Carry(old, value, "status");
            }
        }
        else
        {
            value = old.Copy();
            var rules = definition.Subresource(subresource);
            foreach (var path in rules?.Fields ?? [subresource])
            {
                Carry(wanted, value, path.Split('.'));
            }

            if (rules?.ChangesMetadata == true)
            {
                Carry(wanted, value, "metadata", "labels");
                Carry(wanted, value, "metadata", "annotations");
            }
        }

        value["apiVersion"] = definition.ApiVersion;
        value["kind"] = definition.Kind;
        return value;
    }

    private static void Carry(JsonObject from, JsonObject to, params ReadOnlySpan<string> path)
    {
        foreach (var step in path[..^1])
        {
            to = to.Map(step);
        }

        if (from.At(path) is { } node)
        {
            to[path[^1]] = node.DeepClone();
        }
        else
        {
            to.Remove(path[^1]);
        }
    }

    private static void CountGeneration(ResourceDefinition definition, JsonObject value, JsonObject old)
    {
        var changed = definition.Generation switch
        {
            GenerationRule.Spec => !TypedValues.Same(value["spec"], old["spec"]),
            GenerationRule.AllButStatus => value.Concat(old).Select(p => p.Key).Distinct()
                .Any(f => f is not ("metadata" or "status") && !TypedValues.Same(value[f], old[f])),
            GenerationRule.AllButMetadata => value.Concat(old).Select(p => p.Key).Distinct()
                .Any(f => f != "metadata" && !TypedValues.Same(value[f], old[f])),
            _ => false,
        };
        if (changed)
        {
            value.Map("metadata")["generation"] = (old.Number("metadata", "generation") ?? 0) + 1;
        }
    }

    private static bool Same(JsonObject value, JsonObject old) =>
        SameBut("metadata", value, old) &&
        SameBut("managedFields", value.Map("metadata"), old.Map("metadata")) &&
        SameOwners([.. value.Objects("metadata", "managedFields")], [.. old.Objects("metadata", "managedFields")]);

    // Who owns what is compared without the times of the entries.
    private static bool SameOwners(List<JsonObject> left, List<JsonObject> right) =>
        left.Count == right.Count && left.Zip(right).All(pair => SameBut("time", pair.First, pair.Second));

    private static bool SameBut(string field, JsonObject left, JsonObject right) =>
        left.Count - (left.ContainsKey(field) ? 1 : 0) == right.Count - (right.ContainsKey(field) ? 1 : 0) &&
        left.All(f => f.Key == field || (right.TryGetPropertyValue(f.Key, out var other) && JsonNode.DeepEquals(f.Value, other)));

    private static bool IsEnded(ResourceStrategy strategy, JsonObject value) =>
        value.At("metadata", "deletionTimestamp") is not null &&
        value.At("metadata", "finalizers") is not JsonArray { Count: > 0 } &&
        (value.Number("metadata", "deletionGracePeriodSeconds") ?? 0) == 0 &&
        !strategy.LingersOnDelete(value);
}
