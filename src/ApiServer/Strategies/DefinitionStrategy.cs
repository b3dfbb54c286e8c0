using System.Text.Json.Nodes;
using Dpf.ApiServer.Serving;

namespace Dpf.ApiServer.Strategies;

/// <summary>Custom resource definitions: names, versions and a status from the beginning.</summary>
internal sealed class DefinitionStrategy : ResourceStrategy
{
    private static readonly string[] Scopes = ["Cluster", "Namespaced"];

    public override void Default(JsonObject value)
    {
        var spec = value.Map("spec");
        var names = spec.Map("names");
        if (names.Text("kind") is { Length: > 0 } kind)
        {
            names.Default("singular", kind.ToLowerInvariant());
            names.Default("listKind", kind + "List");
        }

        spec.Default("conversion", new JsonObject { ["strategy"] = "None" });
        if (value["status"] is not JsonObject)
        {
            value["status"] = new JsonObject();
        }
    }

    public override IEnumerable<FieldError> Validate(JsonObject value, JsonObject? old)
    {
        var wanted = $"{value.Text("spec", "names", "plural")}.{value.Text("spec", "group")}";
        if (value.Name() != wanted)
        {
            yield return FieldError.Invalid("metadata.name", value.Name(), "must be spec.names.plural+\".\"+spec.group");
        }

        foreach (var error in Identity(value).Concat(Versions([.. value.Objects("spec", "versions")])).Concat(Changes(value, old)))
        {
            yield return error;
        }
    }

    /// <summary>What its objects are found by: nothing can be served without.</summary>
    private static IEnumerable<FieldError> Identity(JsonObject value)
    {
        foreach (var path in (string[][])[["spec", "group"], ["spec", "names", "plural"], ["spec", "names", "kind"]])
        {
            if (value.Text(path) is not { Length: > 0 })
            {
                yield return FieldError.Required(string.Join('.', path));
            }
        }

        if (value.Text("spec", "scope") is not { Length: > 0 } scope)
        {
            yield return FieldError.Required("spec.scope");
        }
        else if (!Scopes.Contains(scope))
        {
            yield return FieldError.NotSupported("spec.scope", scope, Scopes);
        }
    }

    private static IEnumerable<FieldError> Versions(IReadOnlyList<JsonObject> versions)
    {
        if (versions.Count(v => v.Flag("storage")) != 1)
        {
            yield return FieldError.Invalid("spec.versions", null, "must have exactly one version marked as storage version");
        }

        if (versions.Select(v => v.Text("name")).Distinct().Count() != versions.Count)
        {
            yield return FieldError.Invalid("spec.versions", null, "must contain unique version names");
        }

        for (var i = 0; i < versions.Count; i++)
        {
            var path = $"spec.versions[{i}]";
            if (versions[i].Text("name") is not { Length: > 0 })
            {
                yield return FieldError.Required(path + ".name");
            }

            if (versions[i].At("schema", "openAPIV3Schema") is null)
            {
                yield return FieldError.Required(path + ".schema.openAPIV3Schema", "schemas are required");
            }

            foreach (var field in (string[])["specReplicasPath", "statusReplicasPath"])
            {
                if (versions[i].At("subresources", "scale") is { } scale && scale.Text(field) is not { Length: > 0 })
                {
                    yield return FieldError.Required($"{path}.subresources.scale.{field}");
                }
            }
        }
    }

    /// <summary>What would leave the objects that there are behind, once there can be some.</summary>
    private static IEnumerable<FieldError> Changes(JsonObject value, JsonObject? old) =>
        old.Objects("status", "conditions").Any(c => c.Text("type") == "Established" && c.Text("status") == "True")
            ? Immutable.Fields(value, old, "spec.group", "spec.names.plural", "spec.names.kind", "spec.scope")
            : [];
}
