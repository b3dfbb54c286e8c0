using System.Net;
using System.Net.Http.Headers;
using System.Text.Json.Nodes;
using Dpf.ApiServer.Serving;

namespace Dpf.ApiServer.Tests;

/// <summary>Rules of custom resources in the Common Expression Language.</summary>
public sealed class RuleTests
{
    private const string Gadgets = """
        apiVersion: apiextensions.k8s.io/v1
        kind: CustomResourceDefinition
        metadata: {name: gadgets.example.com}
        spec:
          group: example.com
          scope: Namespaced
          names: {plural: gadgets, kind: Gadget}
          versions:
          - name: v1
            served: true
            storage: true
            schema:
              openAPIV3Schema:
                type: object
                properties:
                  spec:
                    type: object
                    x-kubernetes-validations:
                    - {rule: "has(self.a) != has(self.b)", message: "either a or b"}
                    - {rule: "!has(self.least) || self.least <= self.most", messageExpression: "'least is ' + string(self.least) + ', most ' + string(self.most)", fieldPath: .least}
                    properties:
                      a: {type: string, x-kubernetes-validations: [{rule: "self == oldSelf", message: "stays as it is", reason: FieldValueForbidden}]}
                      b: {type: string}
                      least: {type: integer}
                      most: {type: integer}
                      namespace: {type: string, x-kubernetes-validations: [{rule: "self.startsWith('team-')"}]}
                      parts:
                        type: array
                        x-kubernetes-list-type: map
                        x-kubernetes-list-map-keys: [name]
                        items:
                          type: object
                          properties: {name: {type: string}, size: {type: integer, x-kubernetes-validations: [{rule: "self >= oldSelf", message: "never shrinks"}]}}
                      library: {type: string, x-kubernetes-validations: [{rule: "isURL(self)"}]}
        """;

    [Theory]
    [InlineData("{}", "spec: Invalid value: \"object\": either a or b")]
    [InlineData("{a: x, b: y}", "spec: Invalid value: \"object\": either a or b")]
    [InlineData("{a: x, least: 3, most: 2}", "spec.least: Invalid value: \"object\": least is 3, most 2")]
    [InlineData("{a: x, namespace: other}", "spec.namespace: Invalid value: \"other\": failed rule: self.startsWith('team-')")]
    [InlineData("{a: x, least: 3}", "spec.least: Invalid value: \"object\": rule evaluation error: ")]
    public async Task What_breaks_a_rule_is_refused(string spec, string message)
    {
        await using var test = await TestServer.StartAsync();
        await test.DefineAsync(Gadgets);
        var refused = await test.SendAsync(HttpMethod.Post, Path(), $"metadata: {{name: g}}\nspec: {spec}", HttpStatusCode.UnprocessableEntity);
        Assert.Contains(message, refused.Text("message"), StringComparison.Ordinal);
    }

    [Fact]
    public async Task What_changes_is_held_against_what_it_was_and_what_stays_is_not_judged_again()
    {
        await using var test = await TestServer.StartAsync();
        await test.DefineAsync(Gadgets.Replace("startsWith('team-')", "startsWith('')", StringComparison.Ordinal));
        await test.PostAsync(Path(), "metadata: {name: g}\nspec: {a: x, namespace: other, library: nothing, parts: [{name: p, size: 2}]}");

        Assert.Contains("spec.a: Forbidden: stays as it is", await RefusedAsync("spec: {a: y}"), StringComparison.Ordinal);
        Assert.Contains("spec.parts[1].size: Invalid value: 1: never shrinks", await RefusedAsync("spec: {parts: [{name: new, size: 0}, {name: p, size: 1}]}"), StringComparison.Ordinal);
        await PatchAsync(test, Path("/g"), "spec: {parts: [{name: new, size: 0}, {name: p, size: 3}]}", HttpStatusCode.OK);

        // The rule came after the object. It is in force a moment after it is stored.
        await PatchAsync(test, "/apis/apiextensions.k8s.io/v1/customresourcedefinitions/gadgets.example.com", Gadgets, HttpStatusCode.OK);
        for (var attempt = 0; await TriedAsync("spec: {namespace: another}") == HttpStatusCode.OK; attempt++)
        {
            Assert.True(attempt < 1000, "the rule is not in force");
            await Task.Delay(TimeSpan.FromMilliseconds(20), TimeProvider.System, TestContext.Current.CancellationToken);
        }

        await PatchAsync(test, Path("/g"), "spec: {most: 4}", HttpStatusCode.OK);
        Assert.Contains("failed rule", await RefusedAsync("spec: {namespace: another}"), StringComparison.Ordinal);

        async Task<HttpStatusCode> TriedAsync(string patch)
        {
            using var content = new StringContent(YamlReading.Parse(patch)!.ToJsonString(), new MediaTypeHeaderValue("application/merge-patch+json"));
            using var response = await test.Admin.PatchAsync(Path("/g?dryRun=All"), content, TestContext.Current.CancellationToken);
            return response.StatusCode;
        }

        async Task<string> RefusedAsync(string patch) =>
            (await PatchAsync(test, Path("/g"), patch, HttpStatusCode.UnprocessableEntity)).Text("message")!;
    }

    private static Task<JsonObject> PatchAsync(TestServer test, string path, string yaml, HttpStatusCode expected) => test.SendAsync(
        HttpMethod.Patch, path, YamlReading.Parse(yaml)!.ToJsonString(), expected, "application/merge-patch+json");

    private static string Path(string rest = "") => "/apis/example.com/v1/namespaces/default/gadgets" + rest;
}
