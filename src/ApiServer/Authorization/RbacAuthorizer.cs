using System.Text.Json.Nodes;
using Dpf.ApiServer.Serving;

namespace Dpf.ApiServer.Authorization;

/// <summary>Role based access control over the stored roles and bindings.</summary>
internal sealed class RbacAuthorizer(ServerComposition server) : IAuthorizer
{
    private static readonly GroupResource[] Kinds =
        [.. ((string[])["rolebindings", "clusterrolebindings", "roles", "clusterroles"]).Select(plural => new GroupResource("rbac.authorization.k8s.io", plural))];

    // Whatever is stored: who takes the roles away can put them back.
    private static readonly Binding Masters = new("", [new("", UserInfo.IsMaster)], PolicyRule.Everything, "");
    private readonly Lock _gate = new();
    private IReadOnlyList<Binding> _bindings = [];
    private long _revision = -1;

    public ValueTask<AuthorizationDecision> AuthorizeAsync(AuthorizationAttributes attributes, CancellationToken cancellation)
    {
        var request = attributes.Request;
        List<string>? lost = null;
        foreach (var (binding, subject) in Of(attributes.User, request.Namespace))
        {
            if (binding.Rules is not { } rules)
            {
                (lost ??= []).Add(binding.Text);
            }
            else if (rules.Any(r => r.Allows(request)))
            {
                return ValueTask.FromResult(new AuthorizationDecision(
                    true, binding == Masters ? "" : $"RBAC: allowed by {binding.Text} to {subject.Text}"));
            }
        }

        return ValueTask.FromResult(new AuthorizationDecision(
            false, lost is null ? "" : $"RBAC: {(lost.Count == 1 ? lost[0] : $"[{string.Join(", ", lost)}]")}"));
    }

    public ValueTask<IReadOnlyList<PolicyRule>> RulesAsync(UserInfo user, string @namespace, CancellationToken cancellation) =>
        ValueTask.FromResult<IReadOnlyList<PolicyRule>>(
        [
            // What is no resource has no namespace, so that a binding in one says nothing about it.
            .. Of(user, @namespace).SelectMany(f => (f.Binding.Rules ?? []).Where(r => f.Binding.Namespace.Length == 0 || r.Resources.Count > 0)),
        ]);

    /// <summary>The bindings that say what a user may do in a namespace, and as whom.</summary>
    private IEnumerable<(Binding Binding, Subject Subject)> Of(UserInfo user, string @namespace) =>
        from binding in Bindings().Prepend(Masters)
        where binding.Namespace.Length == 0 || binding.Namespace == @namespace
        let subject = binding.Subjects.FirstOrDefault(s => s.Is(user))
        where subject is not null
        select (binding, subject);

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
                r => (r.Key.Namespace, r.Key.Name), r => PolicyRule.Of(r.ToObject()));
            _bindings = [.. bindings.Concat(cluster).Select(b => Read(b.Key.Namespace, b.ToObject(), byName))];
            _revision = revision;
            return _bindings;
        }
    }

    private IReadOnlyList<Storage.StoredObject> List(GroupResource kind) => server.Store.List(kind).Items;

    private static Binding Read(string ns, JsonObject binding, Dictionary<(string, string), IReadOnlyList<PolicyRule>> roles)
    {
        var (kind, role) = (binding.Text("roleRef", "kind"), binding.Text("roleRef", "name") ?? "");
        var rules = roles.GetValueOrDefault((kind == "Role" ? ns : "", role));
        var text = rules is null ? $"{(kind == "Role" ? "role" : "clusterrole")}.rbac.authorization.k8s.io \"{role}\" not found"
            : ns.Length == 0 ? $"ClusterRoleBinding \"{binding.Name()}\" of {kind} \"{role}\""
            : $"RoleBinding \"{binding.Name()}/{ns}\" of {kind} \"{role}\"";
        return new Binding(ns, [.. binding.Objects("subjects").Select(Read)], rules, text);
    }

    private static Subject Read(JsonObject subject)
    {
        var (kind, name, ns) = (subject.Text("kind"), subject.Text("name") ?? "", subject.Text("namespace"));
        return kind switch
        {
            "User" => new($"User \"{name}\"", user => user.Name == name),
            "Group" => new($"Group \"{name}\"", user => user.Groups.Contains(name)),
            "ServiceAccount" => Account($"system:serviceaccount:{ns}:{name}"),
            _ => new("", _ => false),
        };

        Subject Account(string account) => new($"ServiceAccount \"{name}/{ns}\"", user => user.Name == account);
    }

    private sealed record Subject(string Text, Func<UserInfo, bool> Is);

    /// <summary>What a binding gives to whom; no rules: its role is not there, and the text says so.</summary>
    private sealed record Binding(string Namespace, IReadOnlyList<Subject> Subjects, IReadOnlyList<PolicyRule>? Rules, string Text);
}
