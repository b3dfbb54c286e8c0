using System.Net;
using System.Text.Json.Nodes;
using Dpf.ApiServer.Serving;

namespace Dpf.ApiServer.Tests;

/// <summary>Who may do what, by roles and bindings, and how one finds out.</summary>
public sealed class AuthorizationTests
{
    private const string Roles = "/apis/rbac.authorization.k8s.io/v1/namespaces/default/roles";
    private const string Bindings = "/apis/rbac.authorization.k8s.io/v1/namespaces/default/rolebindings";
    private const string Reviews = "/apis/authorization.k8s.io/v1/selfsubjectrulesreviews";

    private const string Reader = """
        metadata: {name: reader}
        rules:
        - {apiGroups: [""], resources: [configmaps, pods/log], verbs: [get, list], resourceNames: [a]}
        """;

    private const string Binding = """
        metadata: {name: eve}
        roleRef: {apiGroup: rbac.authorization.k8s.io, kind: Role, name: reader}
        subjects: [{apiGroup: rbac.authorization.k8s.io, kind: User, name: eve}]
        """;

    [Fact]
    public async Task A_role_is_in_force_when_it_is_stored_and_no_longer_when_it_is_gone()
    {
        await using var test = await TestServer.StartAsync();
        var eve = test.Client("eve");
        await test.PostAsync("/api/v1/namespaces/default/configmaps", "metadata: {name: a}");
        await ReadAsync(HttpStatusCode.Forbidden);

        await test.PostAsync(Roles, Reader);
        await test.PostAsync(Bindings, Binding);
        await ReadAsync(HttpStatusCode.OK);

        await test.SendAsync(HttpMethod.Delete, Roles + "/reader", null, HttpStatusCode.OK);
        await ReadAsync(HttpStatusCode.Forbidden);

        Task ReadAsync(HttpStatusCode expected) =>
            test.SendAsync(HttpMethod.Get, "/api/v1/namespaces/default/configmaps/a", null, expected, client: eve);
    }

    [Fact]
    public async Task Apply_needs_the_right_to_create_what_is_not_there()
    {
        await using var test = await TestServer.StartAsync();
        await test.PostAsync(Roles, Reader.Replace("[get, list], resourceNames: [a]", "[patch]", StringComparison.Ordinal));
        await test.PostAsync(Bindings, Binding);
        var refused = await ApplyAsync(HttpStatusCode.Forbidden);
        Assert.Contains("cannot create resource \"configmaps\"", (string?)refused["message"], StringComparison.Ordinal);

        await test.PostAsync("/api/v1/namespaces/default/configmaps", "metadata: {name: a}");
        await ApplyAsync(HttpStatusCode.OK);

        Task<JsonObject> ApplyAsync(HttpStatusCode expected) => test.SendAsync(
            HttpMethod.Patch, "/api/v1/namespaces/default/configmaps/a?fieldManager=eve", "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\ndata: {a: b}",
            expected, "application/apply-patch+yaml", test.Client("eve"));
    }

    [Fact]
    public async Task Who_may_read_one_object_may_list_it_by_its_name()
    {
        await using var test = await TestServer.StartAsync();
        await test.PostAsync(Roles, Reader);
        await test.PostAsync(Bindings, Binding);
        var eve = test.Client("eve");
        await test.SendAsync(HttpMethod.Get, "/api/v1/namespaces/default/configmaps?fieldSelector=metadata.name%3Da", null, HttpStatusCode.OK, client: eve);
        await test.SendAsync(HttpMethod.Get, "/api/v1/namespaces/default/configmaps?fieldSelector=metadata.name%3Db", null, HttpStatusCode.Forbidden, client: eve);
        await test.SendAsync(HttpMethod.Get, "/api/v1/namespaces/default/configmaps?fieldSelector=metadata.name!%3Da", null, HttpStatusCode.Forbidden, client: eve);
    }

    [Fact]
    public async Task Everybody_learns_what_they_may_in_a_namespace()
    {
        await using var test = await TestServer.StartAsync();
        await test.PostAsync(Roles, Reader);
        await test.PostAsync(Bindings, Binding);
        await test.PostAsync("/apis/rbac.authorization.k8s.io/v1/clusterroles", "metadata: {name: meter}\nrules: [{nonResourceURLs: [/metrics], verbs: [get]}]");
        await test.PostAsync(Bindings, Binding.Replace("name: eve}\n", "name: meter}\n", StringComparison.Ordinal).Replace("kind: Role, name: reader", "kind: ClusterRole, name: meter", StringComparison.Ordinal));
        var eve = test.Client("eve", "system:authenticated");

        var here = await RulesAsync(eve, "default");
        var rule = here.Objects("resourceRules").Single(r => r.Texts("resources").Contains("configmaps"));
        Assert.Equal(["configmaps", "pods/log"], rule.Texts("resources"));
        Assert.Equal(["get", "list"], rule.Texts("verbs"));
        Assert.Equal(["a"], rule.Texts("resourceNames"));
        Assert.Contains(here.Objects("nonResourceRules"), r => r.Texts("nonResourceURLs").Contains("/healthz"));
        Assert.DoesNotContain(here.Objects("nonResourceRules"), r => r.Texts("nonResourceURLs").Contains("/metrics"));
        Assert.False((bool)here["incomplete"]!);

        Assert.DoesNotContain((await RulesAsync(eve, "other")).Objects("resourceRules"), r => r.Texts("resources").Contains("configmaps"));
        Assert.Contains((await RulesAsync(test.Admin, "other")).Objects("resourceRules"), r => r.Texts("verbs").Contains("*") && r.Texts("resources").Contains("*"));

        async Task<JsonObject> RulesAsync(HttpClient client, string ns) =>
            (await test.SendAsync(HttpMethod.Post, Reviews, $"spec: {{namespace: {ns}}}", HttpStatusCode.Created, client: client)).Map("status");
    }

    [Fact]
    public async Task Rules_are_those_of_a_namespace()
    {
        await using var test = await TestServer.StartAsync();
        Assert.Contains(
            "spec.namespace", (await test.PostAsync(Reviews, "spec: {}", HttpStatusCode.BadRequest)).Text("message"), StringComparison.Ordinal);
    }
}
