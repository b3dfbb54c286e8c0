using System.Text.Json.Nodes;
using Dpf.ApiServer.Serving;

namespace Dpf.ApiServer.Strategies;

/// <summary>Roles: their names may hold colons, and each rule says for what it is.</summary>
internal sealed class RoleStrategy : ResourceStrategy
{
    public override NameRule Names => NameRule.PathSegment;

    public override IEnumerable<FieldError> Validate(JsonObject value, JsonObject? old)
    {
        foreach (var (at, rule) in value.Objects("rules").Index())
        {
            var field = $"rules[{at}]";
            var (groups, resources, paths) = (rule.Texts("apiGroups"), rule.Texts("resources"), rule["nonResourceURLs"] as JsonArray ?? []);
            if (!rule.Texts("verbs").Any())
            {
                yield return FieldError.Required(field + ".verbs", "verbs must contain at least one value");
            }

            if (paths.Count > 0)
            {
                if (value.Text("kind") == "Role")
                {
                    yield return FieldError.Invalid(field + ".nonResourceURLs", paths.DeepClone(), "namespaced rules cannot apply to non-resource URLs");
                }

                if (groups.Any() || resources.Any() || rule.Texts("resourceNames").Any())
                {
                    yield return FieldError.Invalid(
                        field + ".nonResourceURLs", paths.DeepClone(), "rules cannot apply to both regular resources and non-resource URLs");
                }

                continue;
            }

            if (!groups.Any())
            {
                yield return FieldError.Required(field + ".apiGroups", "resource rules must supply at least one api group");
            }

            if (!resources.Any())
            {
                yield return FieldError.Required(field + ".resources", "resource rules must supply at least one resource");
            }
        }
    }
}

/// <summary>Bindings: one role for good, and to whom.</summary>
internal sealed class RoleBindingStrategy : ResourceStrategy
{
    private const string Group = "rbac.authorization.k8s.io";

    public override NameRule Names => NameRule.PathSegment;

    public override void Default(JsonObject value)
    {
        if (value["roleRef"] is JsonObject role)
        {
            role.Default("apiGroup", Group);
        }

        foreach (var subject in value.Objects("subjects"))
        {
            if (subject.Text("kind") is "User" or "Group")
            {
                subject.Default("apiGroup", Group);
            }
        }
    }

    public override IEnumerable<FieldError> Validate(JsonObject value, JsonObject? old)
    {
        if (old is not null && !JsonNode.DeepEquals(old["roleRef"], value["roleRef"]))
        {
            yield return FieldError.Invalid("roleRef", value["roleRef"]?.DeepClone(), "cannot change roleRef");
            yield break;
        }

        if (value.Text("roleRef", "apiGroup") is { } group && group != Group)
        {
            yield return FieldError.NotSupported("roleRef.apiGroup", group, [Group]);
        }

        string[] kinds = value.Text("kind") == "RoleBinding" ? ["Role", "ClusterRole"] : ["ClusterRole"];
        if (!kinds.Contains(value.Text("roleRef", "kind")))
        {
            yield return FieldError.NotSupported("roleRef.kind", value.Text("roleRef", "kind") ?? "", kinds);
        }

        if (value.Text("roleRef", "name") is not { Length: > 0 })
        {
            yield return FieldError.Required("roleRef.name");
        }

        foreach (var (at, subject) in value.Objects("subjects").Index())
        {
            var field = $"subjects[{at}]";
            if (subject.Text("name") is not { Length: > 0 })
            {
                yield return FieldError.Required(field + ".name");
            }

            switch (subject.Text("kind"))
            {
                case "User" or "Group":
                    break;
                case "ServiceAccount":
                    if (subject.Text("namespace") is not { Length: > 0 })
                    {
                        yield return FieldError.Required(field + ".namespace");
                    }

                    break;
                case var kind:
                    yield return FieldError.NotSupported(field + ".kind", kind ?? "", ["ServiceAccount", "User", "Group"]);
                    break;
            }
        }
    }
}
