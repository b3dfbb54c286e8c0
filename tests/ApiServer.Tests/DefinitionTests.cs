using System.Net;
using System.Text.Json.Nodes;
using Dpf.ApiServer.Serving;
using Dpf.ApiServer.Storage;

namespace Dpf.ApiServer.Tests;

/// <summary>Custom resource definitions: which are taken, and that one that is not in order stops no other.</summary>
public sealed class DefinitionTests
{
    private const string Definitions = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions";

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData("kind: Gear", "spec.names.kind: Required value")]
    [InlineData("plural: gears", "spec.names.plural: Required value")]
    [InlineData("group: example.com", "spec.group: Required value")]
    [InlineData("scope: Namespaced", "spec.scope: Required value")]
    [InlineData("name: v1", "spec.versions[0].name: Required value")]
    public async Task What_nothing_can_be_served_without_is_required(string missing, string message)
    {
        await using var test = await TestServer.StartAsync();
        var refused = await test.PostAsync(Definitions, Gears().Replace(missing, "", StringComparison.Ordinal), HttpStatusCode.UnprocessableEntity);
        Assert.Contains(message, refused.Text("message"), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_scope_is_one_of_two()
    {
        await using var test = await TestServer.StartAsync();
        var refused = await test.PostAsync(
            Definitions, Gears().Replace("Namespaced", "Everywhere", StringComparison.Ordinal), HttpStatusCode.UnprocessableEntity);
        Assert.Contains(
            "spec.scope: Unsupported value: \"Everywhere\": supported values: \"Cluster\", \"Namespaced\"", refused.Text("message"), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("""{"spec":{"scope":"Cluster"}}""", "spec.scope: Invalid value: \"Cluster\": field is immutable")]
    [InlineData("""{"spec":{"names":{"kind":"Wheel"}}}""", "spec.names.kind: Invalid value: \"Wheel\": field is immutable")]
    public async Task What_the_objects_are_found_by_stays(string patch, string message)
    {
        await using var test = await TestServer.StartAsync();
        await test.DefineAsync(Gears());
        var refused = await test.SendAsync(
            HttpMethod.Patch, Definitions + "/gears.example.com", patch, HttpStatusCode.UnprocessableEntity, "application/merge-patch+json");
        Assert.Contains(message, refused.Text("message"), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_stored_definition_that_can_not_be_served_stops_no_other_and_no_start()
    {
        var folder = Directory.CreateTempSubdirectory("dpf-apiserver-test-").FullName;
        try
        {
            await using (var test = await TestServer.StartAsync(new ApiServerOptions { DataPath = folder }))
            {
                await test.DefineAsync(Gears());
                await BreakAsync(test, "broken.example.com");
                await test.DefineAsync(Gears("wheels", "Wheel"));
                await test.GetAsync("/apis/example.com/v1/wheels");
            }

            await using var again = await TestServer.StartAsync(new ApiServerOptions { DataPath = folder });
            await again.GetAsync("/apis/example.com/v1/gears");
            await again.DefineAsync(Gears("axles", "Axle"));
            await again.GetAsync("/apis/example.com/v1/axles");
            await again.SendAsync(HttpMethod.Delete, Definitions + "/broken.example.com", null, HttpStatusCode.OK);
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    /// <summary>Stores a definition past all rules.</summary>
    private static async Task BreakAsync(TestServer test, string name)
    {
        var broken = (JsonObject)YamlReading.Parse(Gears("broken", "Broken"))!;
        broken["spec"]!["names"]!.AsObject().Remove("kind");
        broken.Map("metadata")["uid"] = Guid.NewGuid().ToString();
        await test.Server.Composition.Store.PutAsync(
            new StoreKey(new GroupResource("apiextensions.k8s.io", "customresourcedefinitions"), "", name), broken, 0, Cancellation);
    }

    private static string Gears(string plural = "gears", string kind = "Gear") => $$"""
        apiVersion: apiextensions.k8s.io/v1
        kind: CustomResourceDefinition
        metadata: {name: {{plural}}.example.com}
        spec:
          group: example.com
          scope: Namespaced
          names:
            kind: {{kind}}
            plural: {{plural}}
          versions:
          - served: true
            name: v1
            storage: true
            schema:
              openAPIV3Schema: {type: object}
        """;
}
