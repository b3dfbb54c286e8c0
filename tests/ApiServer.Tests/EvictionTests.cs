using System.Net;
using System.Text.Json.Nodes;
using Dpf.ApiServer.Serving;

namespace Dpf.ApiServer.Tests;

/// <summary>Evictions, and the budgets that refuse them.</summary>
public sealed class EvictionTests
{
    private const string Pods = "/api/v1/namespaces/default/pods";
    private const string Budgets = "/apis/policy/v1/namespaces/default/poddisruptionbudgets";

    [Fact]
    public async Task A_budget_without_room_refuses_and_one_with_room_has_less_afterwards()
    {
        await using var test = await TestServer.StartAsync();
        await PodAsync(test, "a");
        await PodAsync(test, "b");
        await test.PostAsync(Budgets, "metadata: {name: web}\nspec: {minAvailable: 1, selector: {matchLabels: {app: web}}}");
        var early = await EvictAsync(test, "a", HttpStatusCode.TooManyRequests);
        Assert.Equal("The disruption budget web is still being processed by the server.", early.Objects("details", "causes").Single().Text("message"));
        Assert.Equal(10, early.Number("details", "retryAfterSeconds"));

        await StatusAsync(test, """{"status":{"observedGeneration":1,"disruptionsAllowed":1,"currentHealthy":2,"desiredHealthy":1,"expectedPods":2}}""");
        await EvictAsync(test, "a", HttpStatusCode.Created, "deleteOptions: {dryRun: [All]}");
        Assert.Equal(1, (await test.GetAsync(Budgets + "/web")).Number("status", "disruptionsAllowed"));

        await EvictAsync(test, "a", HttpStatusCode.Created);
        var budget = await test.GetAsync(Budgets + "/web");
        Assert.Equal(0, budget.Number("status", "disruptionsAllowed"));
        Assert.NotNull(budget.At("status", "disruptedPods", "a"));
        Assert.NotNull((await test.GetAsync(Pods + "/a")).At("metadata", "deletionTimestamp"));

        var refused = await EvictAsync(test, "b", HttpStatusCode.TooManyRequests);
        Assert.Equal("Cannot evict pod as it would violate the pod's disruption budget.", refused.Text("message"));
        Assert.Equal("DisruptionBudget", refused.Objects("details", "causes").Single().Text("reason"));

        // What is not ready takes nothing away from those that are.
        await test.SendAsync(HttpMethod.Patch, Pods + "/b/status", """{"status":{"conditions":[{"type":"Ready","status":"False"}]}}""", HttpStatusCode.OK, "application/merge-patch+json");
        await EvictAsync(test, "b", HttpStatusCode.Created);
    }

    [Fact]
    public async Task An_eviction_that_means_another_pod_costs_the_budget_nothing()
    {
        await using var test = await TestServer.StartAsync();
        await PodAsync(test, "a");
        await test.PostAsync(Budgets, "metadata: {name: web}\nspec: {minAvailable: 1, selector: {matchLabels: {app: web}}}");
        await StatusAsync(test, """{"status":{"observedGeneration":1,"disruptionsAllowed":1,"currentHealthy":2,"desiredHealthy":1,"expectedPods":2}}""");
        await EvictAsync(test, "a", HttpStatusCode.Conflict, "deleteOptions: {preconditions: {uid: other}}");
        await EvictAsync(test, "a", HttpStatusCode.Conflict, "deleteOptions: {preconditions: {resourceVersion: '1'}}");
        Assert.Equal(1, (await test.GetAsync(Budgets + "/web")).Number("status", "disruptionsAllowed"));

        var version = (await test.GetAsync(Pods + "/a")).Text("metadata", "resourceVersion");
        await EvictAsync(test, "a", HttpStatusCode.Created, $"deleteOptions: {{preconditions: {{resourceVersion: '{version}'}}}}");
    }

    [Fact]
    public async Task Two_budgets_of_a_pod_are_one_too_many()
    {
        await using var test = await TestServer.StartAsync();
        await PodAsync(test, "a");
        await test.PostAsync(Budgets, "metadata: {name: one}\nspec: {selector: {}}");
        await test.PostAsync(Budgets, "metadata: {name: two}\nspec: {selector: {matchLabels: {app: web}}}");
        var refused = await EvictAsync(test, "a", HttpStatusCode.InternalServerError);
        Assert.Contains("more than one PodDisruptionBudget", refused.Text("message"), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_pod_that_does_not_run_yet_needs_no_budget()
    {
        await using var test = await TestServer.StartAsync();
        await test.PostAsync(Pods, "metadata: {name: a, labels: {app: web}}\nspec: {containers: [{name: c, image: i}]}");
        await test.PostAsync(Budgets, "metadata: {name: web}\nspec: {minAvailable: 1, selector: {matchLabels: {app: web}}}");
        await EvictAsync(test, "a", HttpStatusCode.Created);
    }

    [Theory]
    [InlineData("schedule: every hour", "spec.schedule: Invalid value: \"every hour\"")]
    [InlineData("schedule: ''", "spec.schedule: Required value")]
    [InlineData("schedule: '@hourly', timeZone: Mars/Base", "unknown time zone Mars/Base")]
    [InlineData("schedule: '@hourly', concurrencyPolicy: Maybe", "supported values: \"Allow\", \"Forbid\", \"Replace\"")]
    public async Task A_cron_jobs_schedule_is_read_when_it_is_stored(string spec, string message)
    {
        await using var test = await TestServer.StartAsync();
        var refused = await test.PostAsync(
            "/apis/batch/v1/namespaces/default/cronjobs", $"metadata: {{name: c}}\nspec: {{{spec}, jobTemplate: {{spec: {{template: {{spec: {{containers: [{{name: c, image: i}}]}}}}}}}}}}",
            HttpStatusCode.UnprocessableEntity);
        Assert.Contains(message, refused.Text("message"), StringComparison.Ordinal);
    }

    private static async Task PodAsync(TestServer test, string name)
    {
        await test.PostAsync(Pods, $"metadata: {{name: {name}, labels: {{app: web}}}}\nspec: {{nodeName: n, containers: [{{name: c, image: i}}]}}");
        await test.SendAsync(
            HttpMethod.Patch, $"{Pods}/{name}/status", """{"status":{"phase":"Running","conditions":[{"type":"Ready","status":"True"}]}}""", HttpStatusCode.OK,
            "application/merge-patch+json");
    }

    private static Task StatusAsync(TestServer test, string status) =>
        test.SendAsync(HttpMethod.Patch, Budgets + "/web/status", status, HttpStatusCode.OK, "application/merge-patch+json");

    private static Task<JsonObject> EvictAsync(TestServer test, string pod, HttpStatusCode expected, string options = "") => test.SendAsync(
        HttpMethod.Post, $"{Pods}/{pod}/eviction", $"apiVersion: policy/v1\nkind: Eviction\nmetadata: {{name: {pod}}}\n{options}", expected);
}
