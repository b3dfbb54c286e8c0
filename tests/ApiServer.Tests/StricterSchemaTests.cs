using System.Net;
using System.Text.Json.Nodes;

namespace Dpf.ApiServer.Tests;

/// <summary>What a definition that changed means for what is stored.</summary>
public sealed class StricterSchemaTests
{
    private const string Cars = "/apis/example.com/v1/namespaces/default/cars";

    internal const string Definition = """
        metadata: {name: cars.example.com}
        spec:
          group: example.com
          names: {plural: cars, kind: Car}
          scope: Namespaced
          versions:
          - name: v1
            served: true
            storage: true
            schema: {openAPIV3Schema: {type: object, properties: {spec: {type: object, properties: {seats: {type: integer}, paint: {type: string}}}}}}
        """;

    [Fact]
    public async Task What_no_longer_fits_can_still_be_changed_elsewhere_and_deleted()
    {
        await using var test = await TestServer.StartAsync();
        await test.DefineAsync(Definition);
        await test.PostAsync(Cars, "apiVersion: example.com/v1\nkind: Car\nmetadata: {name: a, finalizers: [example.com/keys]}\nspec: {seats: 9}");
        await RedefineAsync(test, "seats: {type: integer}", "seats: {type: integer, maximum: 5, description: at most five}");

        await PatchAsync(test, """{"spec":{"seats":8}}""", HttpStatusCode.UnprocessableEntity);
        await PatchAsync(test, """{"metadata":{"labels":{"a":"b"}}}""", HttpStatusCode.OK);
        await PatchAsync(test, """{"spec":{"paint":"red"}}""", HttpStatusCode.OK);
        await test.SendAsync(HttpMethod.Delete, Cars + "/a", null, HttpStatusCode.OK);
        await PatchAsync(test, """{"metadata":{"finalizers":null}}""", HttpStatusCode.OK);
        await test.SendAsync(HttpMethod.Get, Cars + "/a", null, HttpStatusCode.NotFound);
    }

    [Fact]
    public async Task A_deprecated_version_warns()
    {
        await using var test = await TestServer.StartAsync();
        await test.DefineAsync(Definition.Replace("served: true", "served: true\n    deprecated: true\n    deprecationWarning: walk instead", StringComparison.Ordinal));
        using var answer = await test.Admin.GetAsync(Cars, TestContext.Current.CancellationToken);
        Assert.Equal(["299 - \"walk instead\""], answer.Headers.GetValues("Warning"));
    }

    private static Task<JsonObject> PatchAsync(TestServer test, string patch, HttpStatusCode expected) =>
        test.SendAsync(HttpMethod.Patch, Cars + "/a", patch, expected, "application/merge-patch+json");

    /// <summary>Changes the definition and waits until it is in force.</summary>
    private static async Task RedefineAsync(TestServer test, string before, string after)
    {
        await test.SendAsync(
            HttpMethod.Put, "/apis/apiextensions.k8s.io/v1/customresourcedefinitions/cars.example.com",
            "apiVersion: apiextensions.k8s.io/v1\nkind: CustomResourceDefinition\n" + Definition.Replace(before, after, StringComparison.Ordinal), HttpStatusCode.OK);
        await test.UntilAsync("/openapi/v3/apis/example.com/v1", d => d.ToJsonString().Contains("at most five", StringComparison.Ordinal));
    }
}
