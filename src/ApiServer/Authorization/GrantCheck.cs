using System.Text.Json.Nodes;
using Dpf.ApiServer.Serving;

namespace Dpf.ApiServer.Authorization;

/// <summary>
/// Nobody gives what they do not have: a role or a binding is refused when its rules allow more than its author may do, unless the
/// author may <c>escalate</c> roles or <c>bind</c> that role (Kubernetes' RBAC, privilege escalation prevention).
/// </summary>
internal sealed class GrantCheck(ServerComposition server) : IAdmission
{
    private const string Group = "rbac.authorization.k8s.io";

    public async ValueTask ValidateAsync(AdmissionAttributes attributes, CancellationToken cancellation)
    {
        if (attributes.Definition.Group != Group || attributes.Object is null || UserInfo.IsMaster(attributes.User) || server.Authorizer is not { } authorizer)
        {
            return;
        }

        var (value, old) = (attributes.Object, attributes.OldObject);
        var isRole = attributes.Definition.Plural is "roles" or "clusterroles";
        var grants = isRole ? (string[])["rules", "aggregationRule"] : ["roleRef", "subjects"];
        if (old is not null && grants.All(field => JsonNode.DeepEquals(old[field], value[field])))
        {
            return;
        }

        var (plural, name) = isRole ? (attributes.Definition.Plural, attributes.Name)
            : (value.Text("roleRef", "kind") == "Role" ? "roles" : "clusterroles", value.Text("roleRef", "name") ?? "");
        var permission = new RequestInfo
        {
            IsResource = true, Path = "", Verb = isRole ? "escalate" : "bind", Group = Group, Resource = plural, Namespace = attributes.Namespace, Name = name,
        };
        if ((await authorizer.AuthorizeAsync(new AuthorizationAttributes(attributes.User, permission), cancellation)).Allowed)
        {
            return;
        }

        var role = isRole ? value
            : server.Objects.Find(server.Registry.FindPreferred(Group, plural)!, plural == "roles" ? attributes.Namespace : "", name)
            ?? throw ApiErrors.NotFound(attributes.Definition.GroupResource, name);

        // What a sum will allow is not known yet.
        var granted = role["aggregationRule"] is null || !isRole ? PolicyRule.Of(role) : PolicyRule.Everything;
        var missing = Missing(await authorizer.RulesAsync(attributes.User, attributes.Namespace, cancellation), granted);
        if (missing.Count > 0)
        {
            var groups = string.Join(' ', attributes.User.Groups.Select(Quote));
            throw ApiErrors.Forbidden(
                attributes.Definition.GroupResource, attributes.Name,
                $"user {Quote(attributes.User.Name)} (groups=[{groups}]) is attempting to grant RBAC permissions not currently held:\n{string.Join('\n', missing)}");
        }
    }

    /// <summary>What of granted rules is not held, a line for each resource (and name) or path, in order.</summary>
    internal static IReadOnlyList<string> Missing(IReadOnlyList<PolicyRule> held, IReadOnlyList<PolicyRule> granted) =>
    [
        .. granted.SelectMany(Single).Where(g => !held.Any(h => Covers(h, g)))
            .GroupBy(What, r => r.Verbs[0]).Select(g => $"{{{g.Key}, {List("Verbs", g.Distinct())}}}").Order(StringComparer.Ordinal),
    ];

    /// <summary>A rule taken apart: of each list one.</summary>
    private static IEnumerable<PolicyRule> Single(PolicyRule rule)
    {
        var resources =
            from verb in rule.Verbs
            from apiGroup in rule.Groups
            from resource in rule.Resources
            from name in rule.Names.DefaultIfEmpty()
            select new PolicyRule([verb], [apiGroup], [resource], name is null ? [] : [name], []);
        var paths = from verb in rule.Verbs from path in rule.Paths select new PolicyRule([verb], [], [], [], [path]);
        return resources.Concat(paths);
    }

    /// <summary>Whether a rule allows all that another does, of whose lists each has at most one.</summary>
    private static bool Covers(PolicyRule held, PolicyRule single)
    {
        if (!Has(held.Verbs, single.Verbs[0]))
        {
            return false;
        }

        if (single.Paths is [var path])
        {
            return held.Paths.Any(p => p == path || (p.EndsWith('*') && path.StartsWith(p[..^1], StringComparison.Ordinal)));
        }

        var resource = single.Resources[0];
        var slash = resource.IndexOf('/', StringComparison.Ordinal);
        return Has(held.Groups, single.Groups[0]) &&
            (Has(held.Resources, resource) || (slash >= 0 && held.Resources.Contains("*" + resource[slash..]))) &&
            (held.Names.Count == 0 || (single.Names is [var name] && held.Names.Contains(name)));
    }

    private static bool Has(IReadOnlyList<string> list, string value) => list.Contains("*") || list.Contains(value);

    /// <summary>For what a rule is.</summary>
    private static string What(PolicyRule rule) => string.Join(
        ", ",
        new[] { ("APIGroups", rule.Groups), ("Resources", rule.Resources), ("NonResourceURLs", rule.Paths), ("ResourceNames", rule.Names) }
            .Where(f => f.Item2.Count > 0).Select(f => List(f.Item1, f.Item2)));

    private static string List(string field, IEnumerable<string> values) => $"{field}:[{string.Join(' ', values.Select(Quote))}]";

    private static string Quote(string text) => $"\"{text}\"";
}
