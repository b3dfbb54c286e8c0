using System.Net;
using System.Text.Json.Nodes;
using Dpf.ApiServer.Authorization;
using Dpf.ApiServer.Serving;

namespace Dpf.ApiServer.Tests;

/// <summary>What roles may be made and bound, by whom, and what the roles for people add up to.</summary>
public sealed class GrantTests
{
    private const string Rbac = "/apis/rbac.authorization.k8s.io/v1/";
    private const string Roles = Rbac + "namespaces/default/roles";
    private const string Bindings = Rbac + "namespaces/default/rolebindings";
    private const string ClusterRoles = Rbac + "clusterroles";
    private const string ClusterBindings = Rbac + "clusterrolebindings";

    private const string Author = """
        metadata: {name: author}
        rules:
        - {apiGroups: [rbac.authorization.k8s.io], resources: [roles, rolebindings], verbs: [get, create, update, patch]}
        - {apiGroups: [""], resources: [pods, pods/log], verbs: [get, list]}
        """;

    [Fact]
    public async Task Nobody_gives_what_they_do_not_have()
    {
        await using var test = await TestServer.StartAsync();
        var eve = await AuthorAsync(test);
        var refused = await test.SendAsync(
            HttpMethod.Post, Roles, Role("more", "{apiGroups: ['', apps], resources: [pods/log, secrets], verbs: [get, list, delete]}"), HttpStatusCode.Forbidden, client: eve);
        Assert.Equal(
            """
            roles.rbac.authorization.k8s.io "more" is forbidden: user "eve" (groups=["system:authenticated"]) is attempting to grant RBAC permissions not currently held:
            {APIGroups:[""], Resources:["pods/log"], Verbs:["delete"]}
            {APIGroups:[""], Resources:["secrets"], Verbs:["get" "list" "delete"]}
            {APIGroups:["apps"], Resources:["pods/log"], Verbs:["get" "list" "delete"]}
            {APIGroups:["apps"], Resources:["secrets"], Verbs:["get" "list" "delete"]}
            """,
            refused.Text("message"));
        await test.SendAsync(HttpMethod.Post, Roles, Role("same", "{apiGroups: [''], resources: [pods], resourceNames: [a], verbs: [get]}"), HttpStatusCode.Created, client: eve);
        await test.SendAsync(HttpMethod.Post, Bindings, Binding("b", "Role", "same"), HttpStatusCode.Created, client: eve);
        await test.SendAsync(HttpMethod.Post, Bindings, Binding("a", "ClusterRole", "admin"), HttpStatusCode.Forbidden, client: eve);
        await test.SendAsync(HttpMethod.Post, Bindings, Binding("n", "Role", "nope"), HttpStatusCode.NotFound, client: eve);

        // What only the administrator could have given may be touched elsewhere.
        await test.PostAsync(Roles, Role("big", "{apiGroups: ['*'], resources: ['*'], verbs: ['*']}"));
        await test.SendAsync(
            HttpMethod.Patch, Roles + "/big", """{"metadata":{"labels":{"a":"b"}}}""", HttpStatusCode.OK, "application/merge-patch+json", eve);
        await test.SendAsync(
            HttpMethod.Patch, Roles + "/same", """{"rules":[{"apiGroups":[""],"resources":["secrets"],"verbs":["get"]}]}""", HttpStatusCode.Forbidden,
            "application/merge-patch+json", eve);
    }

    [Fact]
    public async Task Who_may_escalate_or_bind_gives_more_than_they_have()
    {
        await using var test = await TestServer.StartAsync();
        var eve = await AuthorAsync(test);
        await test.PostAsync(
            ClusterRoles,
            """
            metadata: {name: giver}
            rules:
            - {apiGroups: [rbac.authorization.k8s.io], resources: [roles], verbs: [escalate]}
            - {apiGroups: [rbac.authorization.k8s.io], resources: [clusterroles], resourceNames: [view], verbs: [bind]}
            """);
        await test.PostAsync(Bindings, Binding("giver", "ClusterRole", "giver"));
        await test.SendAsync(HttpMethod.Post, Roles, Role("any", "{apiGroups: ['*'], resources: ['*'], verbs: ['*']}"), HttpStatusCode.Created, client: eve);
        await test.SendAsync(HttpMethod.Post, Bindings, Binding("v", "ClusterRole", "view"), HttpStatusCode.Created, client: eve);
        await test.SendAsync(HttpMethod.Post, Bindings, Binding("e", "ClusterRole", "edit"), HttpStatusCode.Forbidden, client: eve);
    }

    [Fact]
    public async Task Roles_for_people_are_the_sum_of_their_parts()
    {
        await using var test = await TestServer.StartAsync();
        foreach (var role in (string[])["view", "edit", "admin"])
        {
            await test.PostAsync(Bindings, Binding(role, "ClusterRole", role, role));
        }

        await MayAsync("view", "get", "", "pods", true);
        await MayAsync("view", "get", "", "secrets", false);
        await MayAsync("view", "delete", "", "pods", false);
        await MayAsync("edit", "get", "", "secrets", true);
        await MayAsync("edit", "create", "apps", "deployments", true);
        await MayAsync("edit", "create", "rbac.authorization.k8s.io", "rolebindings", false);
        await MayAsync("admin", "create", "rbac.authorization.k8s.io", "rolebindings", true);
        await MayAsync("admin", "watch", "", "pods", true);
        await MayAsync("admin", "list", "", "nodes", false);

        const string Gadgets = "{apiGroups: [example.com], resources: [gadgets], verbs: [get]}";
        await test.PostAsync(ClusterRoles, $"metadata: {{name: gadget-viewer, labels: {{rbac.authorization.k8s.io/aggregate-to-view: 'true'}}}}\nrules: [{Gadgets}]");
        await test.UntilAsync(ClusterRoles + "/admin", HasGadgets);
        await MayAsync("view", "get", "example.com", "gadgets", true);
        await test.SendAsync(HttpMethod.Delete, ClusterRoles + "/gadget-viewer", null, HttpStatusCode.OK);
        await test.UntilAsync(ClusterRoles + "/admin", r => !HasGadgets(r));

        async Task MayAsync(string user, string verb, string group, string resource, bool expected) => Assert.Equal(
            (user, verb, resource, expected),
            (user, verb, resource, (await ReviewAsync(test, user, verb, group, resource)).Flag("allowed")));

        static bool HasGadgets(JsonObject role) => role.Objects("rules").Any(r => r.Texts("resources").Contains("gadgets"));
    }

    [Fact]
    public async Task A_review_says_which_binding_allows_and_which_role_is_missing()
    {
        await using var test = await TestServer.StartAsync();
        await AuthorAsync(test);
        var allowed = await ReviewAsync(test, "eve", "get", "", "pods");
        Assert.Equal("RBAC: allowed by RoleBinding \"author/default\" of Role \"author\" to User \"eve\"", allowed.Text("reason"));
        await test.PostAsync(Bindings, Binding("lost", "ClusterRole", "x"));
        var refused = await ReviewAsync(test, "eve", "get", "", "secrets");
        Assert.False(refused.Flag("allowed"));
        Assert.Equal("RBAC: clusterrole.rbac.authorization.k8s.io \"x\" not found", refused.Text("reason"));
        await test.PostAsync("/apis/authorization.k8s.io/v1/subjectaccessreviews", "spec: {user: eve}", HttpStatusCode.UnprocessableEntity);
    }

    [Theory]
    [InlineData("rules: [{apiGroups: [''], resources: [pods]}]", "rules[0].verbs: Required value: verbs must contain at least one value")]
    [InlineData("rules: [{resources: [pods], verbs: [get]}]", "rules[0].apiGroups: Required value: resource rules must supply at least one api group")]
    [InlineData("rules: [{apiGroups: [''], verbs: [get]}]", "rules[0].resources: Required value: resource rules must supply at least one resource")]
    [InlineData("rules: [{nonResourceURLs: [/metrics], verbs: [get]}]", "rules[0].nonResourceURLs: Invalid value: [\"/metrics\"]: namespaced rules cannot apply to non-resource URLs")]
    public async Task A_rule_says_for_what_it_is(string rules, string message)
    {
        await using var test = await TestServer.StartAsync();
        Assert.Contains(
            message, (await test.PostAsync(Roles, "metadata: {name: r}\n" + rules, HttpStatusCode.UnprocessableEntity)).Text("message"), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_binding_names_a_role_and_its_subjects_and_keeps_the_role()
    {
        await using var test = await TestServer.StartAsync();
        await RefusedAsync("roleRef: {kind: Group, name: a}", "roleRef.kind: Unsupported value: \"Group\": supported values: \"ClusterRole\", \"Role\"");
        await RefusedAsync("roleRef: {kind: Role}", "roleRef.name: Required value");
        await RefusedAsync("roleRef: {kind: Role, name: a}\nsubjects: [{kind: ServiceAccount, name: s}]", "subjects[0].namespace: Required value");
        await RefusedAsync("roleRef: {kind: Role, name: a}\nsubjects: [{kind: Robot, name: s}]", "subjects[0].kind: Unsupported value: \"Robot\"");
        await test.PostAsync(Bindings, Binding("b", "Role", "a"));
        var refused = await test.SendAsync(
            HttpMethod.Patch, Bindings + "/b", """{"roleRef":{"name":"other"}}""", HttpStatusCode.UnprocessableEntity, "application/merge-patch+json");
        Assert.Contains("cannot change roleRef", refused.Text("message"), StringComparison.Ordinal);

        async Task RefusedAsync(string body, string message) => Assert.Contains(
            message, (await test.PostAsync(Bindings, "metadata: {name: b}\n" + body, HttpStatusCode.UnprocessableEntity)).Text("message"), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_start_restores_what_the_first_roles_have_lost()
    {
        var folder = Directory.CreateTempSubdirectory("dpf-apiserver-test-").FullName;
        try
        {
            await using (var test = await TestServer.StartAsync(new ApiServerOptions { DataPath = folder }))
            {
                await EmptyAsync(test, ClusterRoles + "/system:discovery", """{"rules":[]}""");
                await EmptyAsync(test, ClusterRoles + "/system:basic-user", """{"rules":[],"metadata":{"annotations":{"rbac.authorization.kubernetes.io/autoupdate":"false"}}}""");
                await EmptyAsync(test, ClusterBindings + "/system:discovery", """{"subjects":[{"kind":"User","name":"eve"}]}""");
            }

            await using var again = await TestServer.StartAsync(new ApiServerOptions { DataPath = folder });
            Assert.NotEmpty((await again.GetAsync(ClusterRoles + "/system:discovery")).Objects("rules"));
            Assert.Empty((await again.GetAsync(ClusterRoles + "/system:basic-user")).Objects("rules"));
            Assert.Equal(["eve", "system:authenticated"], (await again.GetAsync(ClusterBindings + "/system:discovery")).Objects("subjects").Select(s => s.Text("name")));
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }

        static Task EmptyAsync(TestServer test, string path, string patch) =>
            test.SendAsync(HttpMethod.Patch, path, patch, HttpStatusCode.OK, "application/merge-patch+json");
    }

    [Theory]
    [InlineData("*", "*", "*", "", true)]
    [InlineData("get", "apps", "*/scale", "", true)]
    [InlineData("get", "apps", "deployments/scale", "", true)]
    [InlineData("get", "apps", "deployments", "", false)]
    [InlineData("list", "apps", "*", "", false)]
    [InlineData("get", "", "*", "", false)]
    [InlineData("get", "apps", "*", "other", false)]
    public void A_rule_covers_another(string verb, string group, string resource, string name, bool expected)
    {
        var held = new PolicyRule([verb], [group], [resource], name.Length == 0 ? [] : [name], []);
        var missing = GrantCheck.Missing([held], [new(["get"], ["apps"], ["deployments/scale"], [], [])]);
        Assert.Equal(expected ? [] : ["""{APIGroups:["apps"], Resources:["deployments/scale"], Verbs:["get"]}"""], missing);
    }

    private static async Task<HttpClient> AuthorAsync(TestServer test)
    {
        await test.PostAsync(Roles, Author);
        await test.PostAsync(Bindings, Binding("author", "Role", "author"));
        return test.Client("eve");
    }

    private static async Task<JsonObject> ReviewAsync(TestServer test, string user, string verb, string group, string resource) => (await test.PostAsync(
        "/apis/authorization.k8s.io/v1/subjectaccessreviews",
        $"spec: {{user: {user}, resourceAttributes: {{namespace: default, verb: {verb}, group: '{group}', resource: {resource}}}}}")).Map("status");

    private static string Role(string name, string rule) => $"metadata: {{name: {name}}}\nrules: [{rule}]";

    private static string Binding(string name, string kind, string role, string user = "eve") =>
        $"metadata: {{name: {name}}}\nroleRef: {{apiGroup: rbac.authorization.k8s.io, kind: {kind}, name: {role}}}\nsubjects: [{{kind: User, name: {user}}}]";
}
