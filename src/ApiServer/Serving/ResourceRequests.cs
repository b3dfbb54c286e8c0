using System.Text.Json.Nodes;
using Dpf.ApiServer.Patching;
using Dpf.ApiServer.Watching;

namespace Dpf.ApiServer.Serving;

/// <summary>Requests for resources: finds the definition and carries out the verb.</summary>
internal sealed class ResourceRequests(ServerComposition server)
{
    private readonly Permission _permission = new(server);

    public async Task ServeAsync(ApiRequest request, CancellationToken cancellation)
    {
        var info = request.Info;
        var definition = server.Registry.Find(info.Group, info.Version, info.Resource) ?? throw ApiErrors.UnknownResource();
        request.Definition = definition;
        if (definition.DeprecationWarning is { } deprecation)
        {
            request.Warnings.Add(deprecation);
        }

        if (definition.Caveat is { } caveat && info.Verb is "create" or "update" or "patch")
        {
            request.Warnings.Add(caveat);
        }

        var key = $"{definition.Group}/{definition.Plural}{(info.Subresource.Length > 0 ? "/" + info.Subresource : "")}";
        if (server.Handlers.TryGetValue(key, out var handler))
        {
            await handler.HandleAsync(request, cancellation);
            return;
        }

        if (info.Subresource.Length > 0 && definition.Subresource(info.Subresource) is null)
        {
            throw ApiErrors.UnknownResource();
        }

        await (info.Verb switch
        {
            "get" => GetAsync(request, definition, cancellation),
            "list" => ListAsync(request, definition, cancellation),
            "watch" => new WatchStream(server, request, definition).RunAsync(cancellation),
            "create" when info.Name.Length == 0 => CreateAsync(request, definition, cancellation),
            "update" when info.Name.Length > 0 => UpdateAsync(request, definition, cancellation),
            "patch" when info.Name.Length > 0 => PatchAsync(request, definition, cancellation),
            "delete" when info.Subresource.Length == 0 => DeleteAsync(request, definition, cancellation),
            "deletecollection" => DeleteAllAsync(request, definition, cancellation),
            _ => throw ApiErrors.MethodNotAllowed(),
        });
    }

    private Task GetAsync(ApiRequest request, ResourceDefinition definition, CancellationToken cancellation)
    {
        var info = request.Info;
        var value = server.Objects.Find(definition, info.Namespace, info.Name)
            ?? throw ApiErrors.NotFound(definition.GroupResource, info.Name);
        return info.Subresource == "scale"
            ? WriteAsync(request, 200, ScaleView.Of(definition, value), cancellation)
            : WriteObjectAsync(request, definition, 200, value, cancellation);
    }

    private Task ListAsync(ApiRequest request, ResourceDefinition definition, CancellationToken cancellation)
    {
        var (stored, metadata) = ListPage.Read(server.Store, request, definition);
        var items = stored.Select(i => ResourceOperations.Show(definition, i)).ToList();
        if (TableForm.Of(request.Http) is { } form && server.Tables is { } tables)
        {
            return WriteAsync(request, 200, tables.Convert(definition, items, metadata, form.IncludeObject), cancellation);
        }

        var partial = PartialForm.IsWanted(request.Http);
        foreach (var item in items)
        {
            if (partial)
            {
                PartialForm.Reduce(item);
            }
            else if (!definition.IsCustom)
            {
                // Built-in lists name the kind once.
                item.Remove("apiVersion");
                item.Remove("kind");
            }
        }

        return WriteAsync(
            request, 200,
            new JsonObject
            {
                ["kind"] = partial ? "PartialObjectMetadataList" : definition.ListKind,
                ["apiVersion"] = partial ? "meta.k8s.io/v1" : definition.ApiVersion,
                ["metadata"] = metadata,
                ["items"] = new JsonArray([.. items]),
            },
            cancellation);
    }

    private async Task CreateAsync(ApiRequest request, ResourceDefinition definition, CancellationToken cancellation)
    {
        var body = await BodyAsync(request, definition, cancellation);
        var value = await server.Objects.CreateAsync(definition, request.Info.Namespace, body, Options(request), cancellation);
        await WriteObjectAsync(request, definition, 201, value, cancellation);
    }

    private async Task UpdateAsync(ApiRequest request, ResourceDefinition definition, CancellationToken cancellation)
    {
        var info = request.Info;
        var body = await BodyAsync(request, info.Subresource == "scale" ? null : definition, cancellation);
        if (info.Subresource == "scale")
        {
            var scaled = await server.Objects.UpdateAsync(
                definition, info.Namespace, info.Name, "", old => ScaleView.Apply(definition, old, body), Options(request), cancellation);
            await WriteAsync(request, 200, ScaleView.Of(definition, scaled), cancellation);
            return;
        }

        var value = await server.Objects.UpdateAsync(
            definition, info.Namespace, info.Name, info.Subresource, _ => body.Copy(), Options(request), cancellation);
        await WriteObjectAsync(request, definition, 200, value, cancellation);
    }

    private async Task PatchAsync(ApiRequest request, ResourceDefinition definition, CancellationToken cancellation)
    {
        var info = request.Info;
        var type = (request.Http.Request.ContentType ?? "").Split(';')[0].Trim();
        var patch = await server.Responses.ReadAsync(request.Http, null, cancellation);
        var options = Options(request);
        if (type.StartsWith("application/apply-patch", StringComparison.Ordinal))
        {
            if (request.Parameter("fieldManager") is not { Length: > 0 })
            {
                throw ApiErrors.Invalid("PatchOptions", "meta.k8s.io", "", [FieldError.Required("fieldManager", "is required for apply patch")]);
            }

            if (info.Subresource.Length == 0 && server.Objects.Find(definition, info.Namespace, info.Name) is null)
            {
                // What is not there yet is created by it.
                await _permission.RequireAsync(request.User, info with { Verb = "create" }, cancellation);
            }

            var (applied, created) = await server.Objects.ApplyAsync(
                definition, info.Namespace, info.Name, info.Subresource,
                patch as JsonObject ?? throw ApiErrors.BadRequest("the body of an apply is an object"), options, cancellation);
            await WriteObjectAsync(request, definition, created ? 201 : 200, applied, cancellation);
            return;
        }

        Func<JsonObject, JsonObject> change = type switch
        {
            "application/json-patch+json" => old => JsonPatch.Apply(old, patch) as JsonObject
                ?? throw ApiErrors.BadRequest("the patch does not leave an object"),
            "application/merge-patch+json" => old => MergePatch.Apply(old, patch),
            "application/strategic-merge-patch+json" when !definition.IsCustom => old =>
                StrategicMergePatch.Apply(old, patch, definition.Schema),
            _ => throw new ApiException(
                415, "UnsupportedMediaType",
                "the body of the request was in an unknown format - accepted media types include: application/json-patch+json, " +
                "application/merge-patch+json, application/apply-patch+yaml" +
                (definition.IsCustom ? "" : ", application/strategic-merge-patch+json")),
        };
        if (info.Subresource == "scale")
        {
            var scaled = await server.Objects.UpdateAsync(
                definition, info.Namespace, info.Name, "",
                old => ScaleView.Apply(definition, old, change(ScaleView.Of(definition, old))), options, cancellation);
            await WriteAsync(request, 200, ScaleView.Of(definition, scaled), cancellation);
            return;
        }

        var value = await server.Objects.UpdateAsync(
            definition, info.Namespace, info.Name, info.Subresource, old => Unversioned(old, change(old.Copy()), patch), options, cancellation);
        await WriteObjectAsync(request, definition, 200, value, cancellation);
    }

    /// <summary>A patch holds a version only when it names one: otherwise it is repeated on whatever is there.</summary>
    private static JsonObject Unversioned(JsonObject old, JsonObject changed, JsonNode? patch)
    {
        var names = patch is JsonArray list
            ? list.Any(o => o.Text("path") == "/metadata/resourceVersion" && o.Text("op") != "test")
            : patch.At("metadata", "resourceVersion") is not null;
        if (!names && changed.Text("metadata", "resourceVersion") == old.Text("metadata", "resourceVersion"))
        {
            changed.Map("metadata").Remove("resourceVersion");
        }

        return changed;
    }

    private async Task DeleteAsync(ApiRequest request, ResourceDefinition definition, CancellationToken cancellation)
    {
        var (delete, options) = await DeleteOptionsAsync(request, cancellation);
        var info = request.Info;
        var old = server.Objects.Find(definition, info.Namespace, info.Name);
        var left = await server.Objects.DeleteAsync(definition, info.Namespace, info.Name, delete, options, cancellation);
        if (left is not null)
        {
            await WriteObjectAsync(request, definition, 200, left, cancellation);
            return;
        }

        await WriteAsync(
            request, 200,
            new JsonObject
            {
                ["kind"] = "Status",
                ["apiVersion"] = "v1",
                ["metadata"] = new JsonObject(),
                ["status"] = "Success",
                ["details"] = new JsonObject
                {
                    ["name"] = info.Name, ["group"] = definition.Group, ["kind"] = definition.Plural, ["uid"] = old.Text("metadata", "uid"),
                },
            },
            cancellation);
    }

    private async Task DeleteAllAsync(ApiRequest request, ResourceDefinition definition, CancellationToken cancellation)
    {
        var filter = ObjectFilter.Of(request, definition);
        var (delete, options) = await DeleteOptionsAsync(request, cancellation);
        var deleted = new JsonArray();
        foreach (var item in server.Store.List(definition.StorageResource, request.Info.Namespace).Items.Where(i => filter.Matches(i.Root)))
        {
            try
            {
                await server.Objects.DeleteAsync(definition, item.Key.Namespace, item.Key.Name, delete, options, cancellation);
                deleted.Add(ResourceOperations.Show(definition, item));
            }
            catch (ApiException e) when (e.Code == 404)
            {
                // Gone meanwhile.
            }
        }

        await WriteAsync(
            request, 200,
            new JsonObject
            {
                ["kind"] = definition.ListKind, ["apiVersion"] = definition.ApiVersion, ["metadata"] = new JsonObject(), ["items"] = deleted,
            },
            cancellation);
    }

    private async Task<(DeleteRequest Delete, WriteOptions Options)> DeleteOptionsAsync(ApiRequest request, CancellationToken cancellation)
    {
        var body = await server.Responses.ReadAsync(request.Http, null, cancellation);
        var options = Options(request);
        return (
            new DeleteRequest
            {
                GracePeriodSeconds = long.TryParse(request.Parameter("gracePeriodSeconds"), out var seconds) ? seconds : body.Number("gracePeriodSeconds"),
                PropagationPolicy = request.Parameter("propagationPolicy") ?? body.Text("propagationPolicy") ??
                    (body.At("orphanDependents") is null ? null : body.Flag("orphanDependents") ? "Orphan" : "Background"),
                Uid = body.Text("preconditions", "uid"),
                ResourceVersion = body.Text("preconditions", "resourceVersion"),
            },
            options with { DryRun = options.DryRun || body.Texts("dryRun").Contains("All") });
    }

    private async Task<JsonObject> BodyAsync(ApiRequest request, ResourceDefinition? definition, CancellationToken cancellation)
    {
        if (await server.Responses.ReadAsync(request.Http, definition, cancellation) is not JsonObject body)
        {
            throw ApiErrors.BadRequest("the request has no object in its body");
        }

        if (definition is not null && body.Text("kind") is { Length: > 0 } kind && kind != definition.Kind)
        {
            throw ApiErrors.BadRequest(
                $"{definition.Kind} in version \"{definition.Version}\" cannot be handled: the object in the body is of kind {kind}");
        }

        return body;
    }

    private static WriteOptions Options(ApiRequest request) => new()
    {
        User = request.User,
        FieldManager = request.Parameter("fieldManager") is { Length: > 0 } manager
            ? manager
            : request.Http.Request.Headers.UserAgent.ToString().Split('/')[0] is { Length: > 0 } agent ? agent : "unknown",
        FieldValidation = request.Parameter("fieldValidation") ?? "Warn",
        DryRun = request.Parameter("dryRun") switch
        {
            null or "" => false,
            "All" => true,
            var other => throw ApiErrors.Invalid("Options", "meta.k8s.io", "", [FieldError.NotSupported("dryRun", other, ["All"])]),
        },
        Force = request.Parameter("force") is "true" or "1",
        Warnings = request.Warnings,
    };

    private Task WriteObjectAsync(ApiRequest request, ResourceDefinition definition, int code, JsonObject value, CancellationToken cancellation)
    {
        if (TableForm.Of(request.Http) is { } form && server.Tables is { } tables)
        {
            var metadata = new JsonObject { ["resourceVersion"] = value.Text("metadata", "resourceVersion") };
            return WriteAsync(request, code, tables.Convert(definition, [value], metadata, form.IncludeObject), cancellation);
        }

        if (PartialForm.IsWanted(request.Http))
        {
            PartialForm.Reduce(value);
        }

        return WriteAsync(request, code, value, cancellation);
    }

    private Task WriteAsync(ApiRequest request, int code, JsonObject value, CancellationToken cancellation)
    {
        request.TellWarnings();
        return server.Responses.WriteAsync(request.Http, code, value, cancellation);
    }
}
