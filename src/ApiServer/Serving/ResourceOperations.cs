using System.Text.Json.Nodes;
using Dpf.ApiServer.Patching;
using Dpf.ApiServer.Storage;
using Dpf.ApiServer.Strategies;

namespace Dpf.ApiServer.Serving;

/// <summary>How a change is made.</summary>
public sealed record WriteOptions
{
    /// <summary>Who makes it.</summary>
    public UserInfo User { get; init; } = UserInfo.Server;

    /// <summary>The field manager.</summary>
    public string FieldManager { get; init; } = "kube-apiserver";

    /// <summary>What happens with unknown fields: <c>Ignore</c>, <c>Warn</c> or <c>Strict</c>.</summary>
    public string FieldValidation { get; init; } = "Ignore";

    /// <summary>Whether nothing is stored.</summary>
    public bool DryRun { get; init; }

    /// <summary>Whether an apply takes fields from other managers.</summary>
    public bool Force { get; init; }

    /// <summary>Takes texts for <c>Warning</c> headers.</summary>
    public IList<string> Warnings { get; init; } = [];
}

/// <summary>How an object ends.</summary>
public sealed record DeleteRequest
{
    /// <summary>Seconds; null: the kind's own.</summary>
    public long? GracePeriodSeconds { get; init; }

    /// <summary><c>Background</c>, <c>Foreground</c> or <c>Orphan</c>; null: the kind's own.</summary>
    public string? PropagationPolicy { get; init; }

    /// <summary>Deletes only this incarnation.</summary>
    public string? Uid { get; init; }

    /// <summary>Deletes only this version.</summary>
    public string? ResourceVersion { get; init; }
}

/// <summary>The verbs on stored objects, alike for every kind: no HTTP, no authorisation.</summary>
public sealed partial class ResourceOperations(ServerComposition server)
{
    private const int Attempts = 50;
    private static readonly GroupResource NamespacesResource = new("", "namespaces");

    /// <summary>The object, or null.</summary>
    public JsonObject? Find(ResourceDefinition definition, string @namespace, string name) =>
        server.Store.Get(Key(definition, @namespace, name)) is { } stored ? Show(definition, stored) : null;

    /// <summary>All objects of a namespace, or of all.</summary>
    public IReadOnlyList<JsonObject> List(ResourceDefinition definition, string @namespace = "") =>
        [.. server.Store.List(definition.StorageResource, @namespace).Items.Select(i => Show(definition, i))];

    /// <summary>Whether an object is stored just as a definition's version shows it.</summary>
    public static bool IsAsShown(ResourceDefinition definition, StoredObject stored) =>
        definition.FromStorage is null &&
        stored.Root.TryGetProperty("apiVersion", out var version) && version.ValueEquals(definition.ApiVersion) &&
        stored.Root.TryGetProperty("kind", out var kind) && kind.ValueEquals(definition.Kind);

    /// <summary>A stored object in a definition's version.</summary>
    public static JsonObject Show(ResourceDefinition definition, StoredObject stored)
    {
        var value = stored.ToObject();
        value["apiVersion"] = definition.ApiVersion;
        value["kind"] = definition.Kind;
        definition.FromStorage?.Invoke(value);
        return value;
    }

    /// <summary>Creates an object and returns it as stored.</summary>
    /// <exception cref="ApiException">It exists, is not valid, or was refused.</exception>
    public Task<JsonObject> CreateAsync(
        ResourceDefinition definition, string @namespace, JsonObject value, WriteOptions? options = null,
        CancellationToken cancellation = default)
    {
        options ??= new WriteOptions();
        return CreateAsync(definition, @namespace, value, options, final =>
        {
            var fields = ManagedFields.Of(final);
            fields.Update(definition, "", options.FieldManager, [], final, server.Options.Time.GetUtcNow());
            fields.WriteTo(final);
        }, cancellation);
    }

    private async Task<JsonObject> CreateAsync(
        ResourceDefinition definition, string @namespace, JsonObject value, WriteOptions options, Action<JsonObject> track,
        CancellationToken cancellation)
    {
        CheckNamespace(definition, @namespace);
        var strategy = Strategy(definition);
        for (var attempt = 0; ; attempt++)
        {
            var made = value.Copy();
            var generated = Name(definition, @namespace, made);
            Prepare(definition, strategy, made, options);
            await strategy.PrepareForCreateAsync(made, options.DryRun, cancellation);
            var attributes = Attributes(AdmissionOperation.Create, definition, "", @namespace, made, null, options);
            try
            {
                made = await AdmitAsync(attributes, definition, strategy, cancellation);
                Throw(definition, made, [.. Names(definition, strategy, made), .. Errors(definition, strategy, made, null)]);
                track(made);
                if (!options.DryRun)
                {
                    return await PutAsync(definition, @namespace, made, 0, cancellation);
                }

                if (!generated && server.Store.Get(Key(definition, @namespace, made.Name())) is not null)
                {
                    throw ApiErrors.AlreadyExists(definition.GroupResource, made.Name());
                }

                strategy.Release(made);
                return made;
            }
            catch (RevisionConflictException) when (generated && attempt < 8)
            {
                strategy.Release(made);
            }
            catch (RevisionConflictException)
            {
                strategy.Release(made);
                throw ApiErrors.AlreadyExists(definition.GroupResource, made.Name());
            }
            catch
            {
                strategy.Release(made);
                throw;
            }
        }
    }

    private ResourceStrategy Strategy(ResourceDefinition definition) =>
        server.Strategies.TryGetValue(definition.StorageResource, out var strategy) ? strategy : ResourceStrategy.None;

    private static StoreKey Key(ResourceDefinition definition, string @namespace, string name) =>
        new(definition.StorageResource, definition.Namespaced ? @namespace : "", name);

    /// <summary>Stores an object, and gives it the revision that this made.</summary>
    private async Task<JsonObject> PutAsync(
        ResourceDefinition definition, string @namespace, JsonObject value, long expected, CancellationToken cancellation)
    {
        var kept = value;
        if (definition.StorageApiVersion is { } version)
        {
            kept = value.Copy();
            definition.ToStorage?.Invoke(kept);
            kept["apiVersion"] = version;
        }

        var stored = await server.Store.PutAsync(Key(definition, @namespace, value.Name()), kept, expected, cancellation);
        value.Map("metadata")["resourceVersion"] = stored.Revision.ToString(System.Globalization.CultureInfo.InvariantCulture);
        return value;
    }

    private void CheckNamespace(ResourceDefinition definition, string @namespace)
    {
        if (!definition.Namespaced)
        {
            return;
        }

        if (@namespace.Length == 0)
        {
            throw ApiErrors.BadRequest("an empty namespace may not be set during creation");
        }

        var home = server.Store.Get(new StoreKey(NamespacesResource, "", @namespace))
            ?? throw ApiErrors.NotFound(NamespacesResource, @namespace);
        if (home.Root.GetProperty("metadata").TryGetProperty("deletionTimestamp", out _))
        {
            var error = $"unable to create new content in namespace {@namespace} because it is being terminated";
            throw new ApiException(403, "Forbidden", $"{definition.GroupResource} is forbidden: {error}")
            {
                Kind = definition.Plural,
                Group = definition.Group,
                Causes = [new StatusCause("NamespaceTerminating", $"namespace {@namespace} is being terminated", "metadata.namespace")],
            };
        }
    }

    /// <summary>Gives a new object its name; whether the server chose it.</summary>
    private static bool Name(ResourceDefinition definition, string @namespace, JsonObject value)
    {
        var metadata = value.Map("metadata");
        if (metadata.Text("resourceVersion") is { Length: > 0 })
        {
            throw ApiErrors.BadRequest("resourceVersion should not be set on objects to be created");
        }

        if (definition.Namespaced)
        {
            if (metadata.Text("namespace") is { Length: > 0 } given && given != @namespace)
            {
                throw ApiErrors.BadRequest(
                    $"the namespace of the provided object does not match the namespace sent on the request");
            }

            metadata["namespace"] = @namespace;
        }
        else
        {
            metadata.Remove("namespace");
        }

        if (metadata.Text("name") is { Length: > 0 })
        {
            return false;
        }

        if (metadata.Text("generateName") is not { Length: > 0 } prefix)
        {
            throw ApiErrors.Invalid(definition, "", FieldError.Required("metadata.name", "name or generateName is required"));
        }

        metadata["name"] = prefix[..Math.Min(prefix.Length, 58)] + RandomName.Suffix();
        return true;
    }

    private void Prepare(ResourceDefinition definition, ResourceStrategy strategy, JsonObject value, WriteOptions options)
    {
        var metadata = value.Map("metadata");
        foreach (var field in (string[])["selfLink", "deletionTimestamp", "deletionGracePeriodSeconds", "managedFields", "generation"])
        {
            metadata.Remove(field);
        }

        value["apiVersion"] = definition.ApiVersion;
        value["kind"] = definition.Kind;
        metadata["uid"] = Guid.NewGuid().ToString();
        metadata["creationTimestamp"] = Timestamp.Text(server.Options.Time.GetUtcNow());
        if (definition.Generation != GenerationRule.None)
        {
            metadata["generation"] = 1;
        }

        if (definition.HasStatus && !strategy.KeepsStatusOnCreate)
        {
            value.Remove("status");
        }

        Shape(definition, strategy, value, options);
    }
}
