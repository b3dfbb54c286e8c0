using System.Net;
using System.Text.Json.Nodes;
using Dpf.ApiServer.Serving;

namespace Dpf.ApiServer.Tests;

/// <summary>Which addresses services get.</summary>
public sealed class ServiceTests
{
    private const string Services = "/api/v1/namespaces/default/services";

    private static readonly ApiServerOptions Dual = new() { ServiceCidr = "10.96.0.0/12,fd00:10:96::/112" };

    [Theory]
    [InlineData("{}", "SingleStack", "IPv4", "10.96.0.10")]
    [InlineData("{ipFamilyPolicy: PreferDualStack}", "PreferDualStack", "IPv4 IPv6", "10.96.0.10 fd00:10:96::a")]
    [InlineData("{ipFamilyPolicy: RequireDualStack, ipFamilies: [IPv6]}", "RequireDualStack", "IPv6 IPv4", "fd00:10:96::a 10.96.0.10")]
    [InlineData("{ipFamilies: [IPv6]}", "SingleStack", "IPv6", "fd00:10:96::a")]
    [InlineData("{clusterIP: \"fd00:10:96::7\"}", "SingleStack", "IPv6", "fd00:10:96::7")]
    [InlineData("{clusterIPs: [10.96.0.9, \"fd00:10:96::9\"]}", "RequireDualStack", "IPv4 IPv6", "10.96.0.9 fd00:10:96::9")]
    [InlineData("{clusterIP: None, ipFamilyPolicy: PreferDualStack}", "PreferDualStack", "IPv4 IPv6", "None")]
    public async Task A_service_has_the_families_that_it_asks_for(string spec, string policy, string families, string addresses)
    {
        await using var test = await TestServer.StartAsync(Dual);
        var made = await test.PostAsync(Services, Body("web", spec));
        Assert.Equal((policy, families, addresses), Read(made));
        Assert.Equal(addresses.Split(' ')[0], made.Text("spec", "clusterIP"));
    }

    [Theory]
    [InlineData("{ipFamilies: [IPv4, IPv6], ipFamilyPolicy: SingleStack}", "may only be 'PreferDualStack' or 'RequireDualStack'")]
    [InlineData("{ipFamilies: [IPv4], clusterIP: \"fd00:10:96::7\"}", "expected an IPv4 value")]
    public async Task What_contradicts_itself_is_refused(string spec, string why)
    {
        await using var test = await TestServer.StartAsync(Dual);
        Assert.Contains(why, (await test.PostAsync(Services, Body("web", spec), HttpStatusCode.UnprocessableEntity)).Text("message"), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_cluster_of_one_family_prefers_and_does_not_require_both()
    {
        await using var test = await TestServer.StartAsync();
        Assert.Equal(("PreferDualStack", "IPv4", "10.96.0.10"), Read(await test.PostAsync(Services, Body("web", "{ipFamilyPolicy: PreferDualStack}"))));
        Assert.Contains(
            "not configured for dual-stack services",
            (await test.PostAsync(Services, Body("both", "{ipFamilyPolicy: RequireDualStack}"), HttpStatusCode.UnprocessableEntity)).Text("message"),
            StringComparison.Ordinal);
        Assert.Contains(
            "not configured on this cluster",
            (await test.PostAsync(Services, Body("six", "{ipFamilies: [IPv6]}"), HttpStatusCode.UnprocessableEntity)).Text("message"), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_second_address_comes_and_goes_with_the_policy()
    {
        await using var test = await TestServer.StartAsync(Dual);
        await test.PostAsync(Services, Body("web", "{}"));

        Assert.Equal(("PreferDualStack", "IPv4 IPv6", "10.96.0.10 fd00:10:96::a"), Read(await PolicyAsync(test, "PreferDualStack")));
        Assert.Equal(("SingleStack", "IPv4", "10.96.0.10"), Read(await PolicyAsync(test, "SingleStack")));

        // What was given back is there for others.
        Assert.Equal("IPv6", Read(await test.PostAsync(Services, Body("other", "{clusterIP: \"fd00:10:96::a\"}"))).Families);
    }

    /// <summary>Where a balancer outside asks nodes for their own endpoints: there as long as it matters, the same all that time.</summary>
    [Fact]
    public async Task A_local_load_balancer_has_a_health_check_port()
    {
        await using var test = await TestServer.StartAsync();
        var made = await test.PostAsync(Services, Body("web", "{type: LoadBalancer, externalTrafficPolicy: Local}"));
        var port = made.Number("spec", "healthCheckNodePort");
        Assert.InRange(port ?? 0, 30000, 32767);
        Assert.NotEqual(port, made.Objects("spec", "ports").Single().Number("nodePort"));

        Assert.Equal(port, (await SpecAsync(test, """{"sessionAffinity":"ClientIP"}""")).Number("spec", "healthCheckNodePort"));
        Assert.Null((await SpecAsync(test, """{"externalTrafficPolicy":"Cluster"}""")).Number("spec", "healthCheckNodePort"));

        // What was given back is there for others, once.
        string Asking(string name) => Body(name, $"{{type: LoadBalancer, externalTrafficPolicy: Local, healthCheckNodePort: {port}}}");
        Assert.Equal(port, (await test.PostAsync(Services, Asking("other"))).Number("spec", "healthCheckNodePort"));
        Assert.Contains(
            "already allocated", (await test.PostAsync(Services, Asking("third"), HttpStatusCode.UnprocessableEntity)).Text("message"), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Only_a_local_load_balancer_may_ask_for_a_health_check_port()
    {
        await using var test = await TestServer.StartAsync();
        Assert.Null((await test.PostAsync(Services, Body("web", "{type: NodePort, externalTrafficPolicy: Local}"))).Number("spec", "healthCheckNodePort"));
        Assert.Contains(
            "may only be set",
            (await test.PostAsync(Services, Body("no", "{type: NodePort, healthCheckNodePort: 31000}"), HttpStatusCode.UnprocessableEntity)).Text("message"),
            StringComparison.Ordinal);
    }

    private static Task<JsonObject> SpecAsync(TestServer test, string spec) => test.SendAsync(
        HttpMethod.Patch, Services + "/web", $$"""{"spec":{{spec}}}""", HttpStatusCode.OK, "application/merge-patch+json");

    private static Task<JsonObject> PolicyAsync(TestServer test, string policy) => SpecAsync(test, $$"""{"ipFamilyPolicy":"{{policy}}"}""");

    private static string Body(string name, string spec) =>
        $"metadata: {{name: {name}}}\nspec: {(spec == "{}" ? "{ports: [{port: 80}]}" : spec[..^1] + ", ports: [{port: 80}]}")}";

    private static (string? Policy, string Families, string Addresses) Read(JsonNode service) => (
        service.Text("spec", "ipFamilyPolicy"), string.Join(' ', service.Texts("spec", "ipFamilies")), string.Join(' ', service.Texts("spec", "clusterIPs")));
}
