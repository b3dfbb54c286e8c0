using System.Text.Json.Nodes;
using Dpf.ApiServer.Schemas;
using Dpf.ApiServer.Serving;
using Microsoft.AspNetCore.Http;

namespace Dpf.ApiServer.OpenApi;

/// <summary>
/// OpenAPI v3, a document a group and version: what kubectl needs to know that the server validates fields itself, and what
/// <c>kubectl explain</c> shows. Made when asked for.
/// </summary>
internal sealed class OpenApiDocuments(ServerComposition server)
{
    /// <summary>Adds the paths.</summary>
    public void AddTo(IDictionary<string, RequestDelegate> paths) => paths["/openapi/v3"] = ServeAsync;

    private Task ServeAsync(HttpContext http)
    {
        var rest = http.Request.Path.Value!["/openapi/v3".Length..].Trim('/');
        var document = rest.Length == 0 ? Root() : Document(rest) ?? throw ApiErrors.UnknownResource();
        http.Response.ContentType = "application/json";
        return http.Response.WriteAsync(document.ToJsonString(JsonText.Relaxed), http.RequestAborted);
    }

    private static string PathOf(ResourceDefinition definition) =>
        definition.Group.Length == 0 ? $"api/{definition.Version}" : $"apis/{definition.Group}/{definition.Version}";

    private JsonObject Root() => new()
    {
        ["paths"] = new JsonObject(server.Registry.All.Select(PathOf).Distinct(StringComparer.Ordinal).Select(path =>
            KeyValuePair.Create(path, (JsonNode?)new JsonObject { ["serverRelativeURL"] = $"/openapi/v3/{path}?hash={server.Store.Revision}" }))),
    };

    private JsonObject? Document(string path)
    {
        var definitions = server.Registry.All.Where(d => PathOf(d) == path).ToList();
        if (definitions.Count == 0)
        {
            return null;
        }

        var (paths, schemas) = (new JsonObject(), new JsonObject());
        foreach (var definition in definitions)
        {
            var kind = new JsonObject { ["group"] = definition.Group, ["version"] = definition.Version, ["kind"] = definition.Kind };
            var name = SchemaName(definition);
            var collection = $"/{path}{(definition.Namespaced ? "/namespaces/{namespace}" : "")}/{definition.Plural}";
            paths[collection] = new JsonObject { ["post"] = Operation(definition, "post", kind, name) };
            paths[collection + "/{name}"] = new JsonObject
            {
                ["get"] = Operation(definition, "get", kind, name),
                ["put"] = Operation(definition, "put", kind, name),
                ["patch"] = Operation(definition, "patch", kind, name),
            };
            var schema = definition.Schema is null ? new JsonObject { ["type"] = "object" } : Schema(definition.Schema, schemas, isRoot: true);
            schema["x-kubernetes-group-version-kind"] = new JsonArray(kind.DeepClone());
            schemas[name] = schema;
        }

        return new JsonObject
        {
            ["openapi"] = "3.0.0",
            ["info"] = new JsonObject { ["title"] = "Kubernetes", ["version"] = server.Options.KubernetesVersion },
            ["paths"] = paths,
            ["components"] = new JsonObject { ["schemas"] = schemas },
        };
    }

    private static string SchemaName(ResourceDefinition definition) =>
        string.Join('.', definition.Group.Split('.').Reverse().Where(p => p.Length > 0).Append(definition.Version).Append(definition.Kind));

    private static JsonObject Operation(ResourceDefinition definition, string verb, JsonObject kind, string schema)
    {
        var operation = new JsonObject
        {
            ["operationId"] = verb + definition.Group.Replace(".", "", StringComparison.Ordinal) + definition.Version + definition.Kind,
            ["x-kubernetes-group-version-kind"] = kind.DeepClone(),
            ["x-kubernetes-action"] = verb,
            ["responses"] = new JsonObject
            {
                ["200"] = new JsonObject
                {
                    ["description"] = "OK",
                    ["content"] = new JsonObject
                    {
                        ["application/json"] = new JsonObject { ["schema"] = new JsonObject { ["$ref"] = "#/components/schemas/" + schema } },
                    },
                },
            },
        };
        if (verb != "get")
        {
            operation["parameters"] = new JsonArray([.. ((string[])["dryRun", "fieldManager", "fieldValidation"]).Select(p => new JsonObject
            {
                ["name"] = p, ["in"] = "query", ["schema"] = new JsonObject { ["type"] = "string", ["uniqueItems"] = true },
            })]);
        }

        return operation;
    }

    private static JsonObject Schema(StructuralSchema schema, JsonObject known, bool isRoot = false)
    {
        // Built-in messages refer to each other and to themselves: each is written once, by its name.
        if (!isRoot && schema.TypeName is { } type && schema.Properties.Count > 0)
        {
            var name = "io.k8s.api." + type.Replace('/', '.');
            if (!known.ContainsKey(name))
            {
                known[name] = new JsonObject();
                known[name] = Body(schema, known);
            }

            return new JsonObject { ["$ref"] = "#/components/schemas/" + name };
        }

        return Body(schema, known, isRoot);
    }

    private static JsonObject Body(StructuralSchema schema, JsonObject known, bool isRoot = false)
    {
        var json = new JsonObject();
        if (schema.Type is { } type)
        {
            json["type"] = type;
        }

        if (schema.Description is { } description)
        {
            json["description"] = description;
        }

        if (schema.Format is { } format)
        {
            json["format"] = format;
        }

        if (schema.Enum is { } values)
        {
            json["enum"] = new JsonArray([.. values.Select(v => v?.DeepClone())]);
        }

        if (schema.Properties.Count > 0)
        {
            var properties = new JsonObject();
            if (isRoot)
            {
                properties["apiVersion"] = new JsonObject { ["type"] = "string" };
                properties["kind"] = new JsonObject { ["type"] = "string" };
                properties["metadata"] = new JsonObject { ["type"] = "object" };
            }

            foreach (var (name, field) in schema.Properties)
            {
                properties[name] = Schema(field, known);
            }

            json["properties"] = properties;
        }

        if (schema.Items is { } items)
        {
            json["items"] = Schema(items, known);
        }

        if (schema.AdditionalProperties is { } rest)
        {
            json["additionalProperties"] = Schema(rest, known);
        }

        if (schema.Required.Count > 0)
        {
            json["required"] = new JsonArray([.. schema.Required.Select(r => (JsonNode)r)]);
        }

        return json;
    }
}
