using System.Text.Json.Nodes;
using Dpf.ApiServer.Serving;

namespace Dpf.ApiServer.Authorization;

/// <summary>Role based access control over the stored roles and bindings.</summary>
internal sealed class RbacAuthorizer(ServerComposition server) : IAuthorizer
{
    private static readonly GroupResource[] Kinds =
        [.. ((string[])["rolebindings", "clusterrolebindings", "roles", "clusterroles"]).Select(plural => new GroupResource("rbac.authorization.k8s.io", plural))];

    // Whatever is stored: who takes the roles away can put them back.
    private static readonly Binding Masters = new("", [user => user.Groups.Contains("system:masters")], PolicyRule.Everything);
    private readonly Lock _gate = new();
    private IReadOnlyList<Binding> _bindings = [];
    private long _revision = -1;

    public ValueTask<AuthorizationDecision> AuthorizeAsync(AuthorizationAttributes attributes, CancellationToken cancellation)
    {
        var request = attributes.Request;
        return ValueTask.FromResult(
            new AuthorizationDecision(Of(attributes.User, request.Namespace).Any(b => b.Rules.Any(r => r.Allows(request))), ""));
    }

    public ValueTask<IReadOnlyList<PolicyRule>> RulesAsync(UserInfo user, string @namespace, CancellationToken cancellation) =>
        ValueTask.FromResult<IReadOnlyList<PolicyRule>>(
        [
            // What is no resource has no namespace, so that a binding in one says nothing about it.
            .. Of(user, @namespace).SelectMany(b => b.Rules.Where(r => b.Namespace.Length == 0 || r.Resources.Count > 0)),
        ]);

    /// <summary>The bindings that say what a user may do in a namespace.</summary>
    private IEnumerable<Binding> Of(UserInfo user, string @namespace) =>
        Bindings().Prepend(Masters).Where(b => (b.Namespace.Length == 0 || b.Namespace == @namespace) && b.Subjects.Any(s => s(user)));

    private IReadOnlyList<Binding> Bindings()
    {
        lock (_gate)
        {
            // Read first: what changes meanwhile is seen by the next request.
            var revision = Kinds.Max(server.Store.RevisionOf);
            if (revision == _revision)
            {
                return _bindings;
            }

            var (bindings, cluster, roles, clusterRoles) = (List(Kinds[0]), List(Kinds[1]), List(Kinds[2]), List(Kinds[3]));
            var byName = roles.Concat(clusterRoles).ToDictionary(
                r => (r.Key.Namespace, r.Key.Name), r => Rules(r.ToObject()));
            _bindings = [.. bindings.Concat(cluster).Select(b => Read(b.Key.Namespace, b.ToObject(), byName))];
            _revision = revision;
            return _bindings;
        }
    }

    private IReadOnlyList<Storage.StoredObject> List(GroupResource kind) => server.Store.List(kind).Items;

    private static Binding Read(string ns, JsonObject binding, Dictionary<(string, string), IReadOnlyList<PolicyRule>> roles)
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

    private static IReadOnlyList<PolicyRule> Rules(JsonObject role) =>
    [
        .. role.Objects("rules").Select(r => new PolicyRule(
            [.. r.Texts("verbs")], [.. r.Texts("apiGroups")], [.. r.Texts("resources")], [.. r.Texts("resourceNames")], [.. r.Texts("nonResourceURLs")])),
    ];

    private sealed record Binding(string Namespace, IReadOnlyList<Func<UserInfo, bool>> Subjects, IReadOnlyList<PolicyRule> Rules);
}
