using System.Text.Json.Nodes;
using Dpf.ApiServer.Serving;

namespace Dpf.ApiServer.Authorization;

/// <summary>Role based access control over the stored roles and bindings.</summary>
internal sealed class RbacAuthorizer(ServerComposition server) : IAuthorizer
{
    private const string Group = "rbac.authorization.k8s.io";
    private static readonly AuthorizationDecision Yes = new(true, "");
    private readonly Lock _gate = new();
    private IReadOnlyList<Binding> _bindings = [];
    private long _revision = -1;

    public ValueTask<AuthorizationDecision> AuthorizeAsync(AuthorizationAttributes attributes, CancellationToken cancellation)
    {
        var (user, request) = (attributes.User, attributes.Request);
        if (user.Groups.Contains("system:masters"))
        {
            return ValueTask.FromResult(Yes);
        }

        foreach (var binding in Bindings())
        {
            if ((binding.Namespace.Length == 0 || binding.Namespace == request.Namespace) && binding.Subjects.Any(s => s(user)) &&
                binding.Rules.Any(r => r.Allows(request)))
            {
                return ValueTask.FromResult(Yes);
            }
        }

        return ValueTask.FromResult(new AuthorizationDecision(false, ""));
    }

    private IReadOnlyList<Binding> Bindings()
    {
        lock (_gate)
        {
            var (bindings, cluster, roles, clusterRoles) = (List("rolebindings"), List("clusterrolebindings"), List("roles"), List("clusterroles"));
            var newest = bindings.Concat(cluster).Concat(roles).Concat(clusterRoles).Select(o => o.Revision).DefaultIfEmpty(0).Max();
            var stamp = (newest * 7919) + bindings.Count + cluster.Count + roles.Count + clusterRoles.Count;
            if (stamp == _revision)
            {
                return _bindings;
            }

            var byName = roles.Concat(clusterRoles).ToDictionary(
                r => (r.Key.Namespace, r.Key.Name), r => Rules(r.ToObject()));
            _bindings = [.. bindings.Concat(cluster).Select(b => Read(b.Key.Namespace, b.ToObject(), byName))];
            _revision = stamp;
            return _bindings;
        }
    }

    private IReadOnlyList<Storage.StoredObject> List(string plural) => server.Store.List(new GroupResource(Group, plural)).Items;

    private static Binding Read(string ns, JsonObject binding, Dictionary<(string, string), IReadOnlyList<Rule>> roles)
    {
        var role = binding.Text("roleRef", "name") ?? "";
        var home = binding.Text("roleRef", "kind") == "Role" ? ns : "";
        return new Binding(ns, [.. binding.Objects("subjects").Select(Subject)], roles.GetValueOrDefault((home, role), []));
    }

    private static Func<UserInfo, bool> Subject(JsonObject subject)
    {
        var name = subject.Text("name") ?? "";
        return subject.Text("kind") switch
        {
            "User" => user => user.Name == name,
            "Group" => user => user.Groups.Contains(name),
            "ServiceAccount" => ServiceAccount($"system:serviceaccount:{subject.Text("namespace")}:{name}"),
            _ => _ => false,
        };

        static Func<UserInfo, bool> ServiceAccount(string account) => user => user.Name == account;
    }

    private static IReadOnlyList<Rule> Rules(JsonObject role) =>
    [
        .. role.Objects("rules").Select(r => new Rule(
            [.. r.Texts("verbs")], [.. r.Texts("apiGroups")], [.. r.Texts("resources")], [.. r.Texts("resourceNames")], [.. r.Texts("nonResourceURLs")])),
    ];

    private sealed record Binding(string Namespace, IReadOnlyList<Func<UserInfo, bool>> Subjects, IReadOnlyList<Rule> Rules);

    private sealed record Rule(
        IReadOnlyList<string> Verbs, IReadOnlyList<string> Groups, IReadOnlyList<string> Resources, IReadOnlyList<string> Names,
        IReadOnlyList<string> Paths)
    {
        public bool Allows(RequestInfo request)
        {
            if (!Verbs.Contains("*") && !Verbs.Contains(request.Verb))
            {
                return false;
            }

            if (!request.IsResource)
            {
                return Paths.Any(p => p == "*" || p == request.Path ||
                    (p.EndsWith('*') && request.Path.StartsWith(p[..^1], StringComparison.Ordinal)));
            }

            var resource = request.Subresource.Length > 0 ? $"{request.Resource}/{request.Subresource}" : request.Resource;
            return (Groups.Contains("*") || Groups.Contains(request.Group)) &&
                (Resources.Contains("*") || Resources.Contains(resource) ||
                    (request.Subresource.Length > 0 && Resources.Contains("*/" + request.Subresource))) &&
                (Names.Count == 0 || Names.Contains(request.Name));
        }
    }
}
