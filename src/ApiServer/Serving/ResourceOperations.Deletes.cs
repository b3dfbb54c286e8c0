using System.Text.Json.Nodes;
using Dpf.ApiServer.Storage;
using Dpf.ApiServer.Strategies;

namespace Dpf.ApiServer.Serving;

/// <content>Ends of objects.</content>
public sealed partial class ResourceOperations
{
    /// <summary>
    /// Deletes an object, or marks it for deletion when finalizers or a grace period hold it. Returns the object that is left, or
    /// null when it is gone.
    /// </summary>
    /// <exception cref="ApiException">It is not there, a precondition fails, or it was refused.</exception>
    public async Task<JsonObject?> DeleteAsync(
        ResourceDefinition definition, string @namespace, string name, DeleteRequest? request = null, WriteOptions? options = null,
        CancellationToken cancellation = default)
    {
        (request, options) = (request ?? new DeleteRequest(), options ?? new WriteOptions());
        var strategy = Strategy(definition);
        for (var attempt = 0; attempt < Attempts; attempt++)
        {
            var stored = server.Store.Get(Key(definition, @namespace, name))
                ?? throw ApiErrors.NotFound(definition.GroupResource, name);
            var old = Show(definition, stored);
            CheckPreconditions(definition, request, old, name);
            strategy.CheckDelete(old);
            var attributes = Attributes(AdmissionOperation.Delete, definition, "", @namespace, null, old, options);
            foreach (var admission in server.Admission)
            {
                await admission.ValidateAsync(attributes, cancellation);
            }

            var value = Mark(definition, strategy, old, request);
            if (options.DryRun)
            {
                return value;
            }

            try
            {
                if (IsEnded(strategy, value))
                {
                    await RemoveAsync(definition, strategy, @namespace, value, stored.Revision, cancellation);
                    return null;
                }

                return Same(value, old) ? old : await PutAsync(definition, @namespace, value, stored.Revision, cancellation);
            }
            catch (RevisionConflictException)
            {
                // Looked at again as it is now.
            }
        }

        throw ApiErrors.Modified(definition.GroupResource, name);
    }

    /// <summary>Whether an object is the one, in the version, that a deletion means.</summary>
    /// <exception cref="ApiException">It is not (409).</exception>
    internal static void CheckPreconditions(ResourceDefinition definition, DeleteRequest request, JsonObject old, string name)
    {
        if (request.Uid is { } uid && uid != old.Text("metadata", "uid"))
        {
            throw ApiErrors.Conflict(
                definition.GroupResource, name,
                $"Precondition failed: UID in precondition: {uid}, UID in object meta: {old.Text("metadata", "uid")}");
        }

        if (request.ResourceVersion is { } version && version != old.Text("metadata", "resourceVersion"))
        {
            throw ApiErrors.Conflict(
                definition.GroupResource, name,
                $"Precondition failed: ResourceVersion in precondition: {version}, ResourceVersion in object meta: {old.Text("metadata", "resourceVersion")}");
        }
    }

    private JsonObject Mark(ResourceDefinition definition, ResourceStrategy strategy, JsonObject old, DeleteRequest request)
    {
        var value = old.Copy();
        var metadata = value.Map("metadata");
        var finalizers = value.Texts("metadata", "finalizers").Where(f => f is not ("foregroundDeletion" or "orphan")).ToList();
        switch (request.PropagationPolicy ?? (metadata["deletionTimestamp"] is null ? strategy.DefaultPropagation : null))
        {
            case "Foreground":
                finalizers.Add("foregroundDeletion");
                break;
            case "Orphan":
                finalizers.Add("orphan");
                break;
            case null:
                finalizers = [.. value.Texts("metadata", "finalizers")];
                break;
        }

        if (finalizers.Count > 0)
        {
            metadata["finalizers"] = new JsonArray([.. finalizers.Select(f => (JsonNode)f)]);
        }
        else
        {
            metadata.Remove("finalizers");
        }

        var grace = strategy.GracePeriod(value, request.GracePeriodSeconds);
        if (metadata["deletionTimestamp"] is null)
        {
            metadata["deletionTimestamp"] = Timestamp.Text(server.Options.Time.GetUtcNow().AddSeconds(grace));
            metadata["deletionGracePeriodSeconds"] = grace;
            if (definition.Generation != GenerationRule.None)
            {
                metadata["generation"] = (old.Number("metadata", "generation") ?? 0) + 1;
            }

            strategy.MarkDeleted(value);
        }
        else if (grace < (old.Number("metadata", "deletionGracePeriodSeconds") ?? 0))
        {
            metadata["deletionGracePeriodSeconds"] = grace;
        }

        return value;
    }

    private async Task<JsonObject> RemoveAsync(
        ResourceDefinition definition, ResourceStrategy strategy, string @namespace, JsonObject value, long expected,
        CancellationToken cancellation)
    {
        await server.Store.DeleteAsync(Key(definition, @namespace, value.Name()), expected, cancellation);
        strategy.Release(value);
        return value;
    }
}
