using System.Net;
using System.Text.Json.Nodes;
using Dpf.ApiServer.Serving;

namespace Dpf.ApiServer.Tests;

/// <summary>What becomes of objects when their owners go.</summary>
public sealed class GarbageTests
{
    private const string ConfigMaps = "/api/v1/namespaces/default/configmaps";
    private const string Nodes = "/api/v1/nodes";

    [Fact]
    public async Task What_has_another_owner_stays_and_names_only_that_one()
    {
        await using var test = await TestServer.StartAsync();
        var (going, staying) = (await OwnerAsync(test, "going"), await OwnerAsync(test, "staying"));
        await test.PostAsync(ConfigMaps, Owned("shared", Reference("going", going, block: true), Reference("staying", staying, block: false)));
        await test.PostAsync(ConfigMaps, Owned("alone", Reference("going", going, block: true)));

        await DeleteAsync(test, "going", "Foreground");

        await GoneAsync(test, "going");
        await GoneAsync(test, "alone");
        var shared = await test.GetAsync(ConfigMaps + "/shared");
        Assert.Equal(["staying"], shared.Objects("metadata", "ownerReferences").Select(r => r.Text("name")));
        Assert.Null(shared.At("metadata", "deletionTimestamp"));

        await DeleteAsync(test, "staying", "Background");
        await GoneAsync(test, "shared");
    }

    [Fact]
    public async Task An_owner_waits_in_the_foreground_only_for_what_holds_it()
    {
        await using var test = await TestServer.StartAsync();
        var (held, free) = (await OwnerAsync(test, "held"), await OwnerAsync(test, "free"));
        await test.PostAsync(ConfigMaps, Owned("holding", Reference("held", held, block: true), finalizer: "example.com/wait"));
        await test.PostAsync(ConfigMaps, Owned("loose", Reference("free", free, block: false), finalizer: "example.com/wait"));

        await DeleteAsync(test, "free", "Foreground");
        await GoneAsync(test, "free");
        await test.UntilAsync(ConfigMaps + "/loose", o => o.At("metadata", "deletionTimestamp") is not null);

        await DeleteAsync(test, "held", "Foreground");
        await test.UntilAsync(ConfigMaps + "/holding", o => o.At("metadata", "deletionTimestamp") is not null);
        Assert.Equal(["foregroundDeletion"], (await test.GetAsync(ConfigMaps + "/held")).Texts("metadata", "finalizers"));

        await test.SendAsync(
            HttpMethod.Patch, ConfigMaps + "/holding", """{"metadata":{"finalizers":null}}""", HttpStatusCode.OK, "application/merge-patch+json");
        await GoneAsync(test, "held");
        await GoneAsync(test, "holding");
    }

    [Fact]
    public async Task A_clusters_object_is_never_taken_for_one_of_a_namespaces_owner()
    {
        await using var test = await TestServer.StartAsync();
        var owner = await OwnerAsync(test, "owner");
        await test.PostAsync(Nodes, Owned("out-of-reach", Reference("owner", owner, block: true)));
        await test.PostAsync(Nodes, Owned("of-nobody", Reference("nobody", "6fa459ea-ee8a-3ca4-894e-db77e160355e", block: false)));

        await DeleteAsync(test, "owner", "Foreground");
        await GoneAsync(test, "owner");

        // Changes are looked at in turn: what was made last is gone only after what was made before was looked at.
        await test.PostAsync(ConfigMaps, Owned("last", Reference("owner", owner, block: true)));
        await GoneAsync(test, "last");
        await test.GetAsync(Nodes + "/out-of-reach");
        await test.GetAsync(Nodes + "/of-nobody");
    }

    [Theory]
    [InlineData("{kind: ConfigMap, name: o, uid: u}", "metadata.ownerReferences.apiVersion: Invalid value: \"\": version must not be empty")]
    [InlineData("{apiVersion: v1, name: o, uid: u}", "metadata.ownerReferences.kind: Invalid value: \"\": must not be empty")]
    [InlineData("{apiVersion: v1, kind: ConfigMap, uid: u}", "metadata.ownerReferences.name: Invalid value: \"\": must not be empty")]
    [InlineData("{apiVersion: v1, kind: ConfigMap, name: o}", "metadata.ownerReferences.uid: Invalid value: \"\": must not be empty")]
    [InlineData(
        "{apiVersion: v1, kind: ConfigMap, name: o, uid: u, controller: true}, {apiVersion: v1, kind: Secret, name: p, uid: v, controller: true}",
        "Only one reference can have Controller set to true. Found \"true\" in references for ConfigMap/o and Secret/p")]
    public async Task A_reference_says_whom_it_means_and_one_owner_controls(string references, string message)
    {
        await using var test = await TestServer.StartAsync();
        var refused = await test.PostAsync(ConfigMaps, $"metadata: {{name: a, ownerReferences: [{references}]}}", HttpStatusCode.UnprocessableEntity);
        Assert.Contains(message, refused.Text("message"), StringComparison.Ordinal);
    }

    private static async Task<string> OwnerAsync(TestServer test, string name) =>
        (await test.PostAsync(ConfigMaps, $"metadata: {{name: {name}}}")).Text("metadata", "uid")!;

    private static JsonObject Reference(string name, string uid, bool block) => new()
    {
        ["apiVersion"] = "v1", ["kind"] = "ConfigMap", ["name"] = name, ["uid"] = uid, ["blockOwnerDeletion"] = block,
    };

    private static string Owned(string name, JsonObject owner, JsonObject? other = null, string? finalizer = null) => new JsonObject
    {
        ["metadata"] = new JsonObject
        {
            ["name"] = name,
            ["ownerReferences"] = other is null ? new JsonArray(owner) : new JsonArray(owner, other),
            ["finalizers"] = finalizer is null ? null : new JsonArray(finalizer),
        },
    }.ToJsonString();

    private static Task DeleteAsync(TestServer test, string name, string policy) =>
        test.SendAsync(HttpMethod.Delete, $"{ConfigMaps}/{name}?propagationPolicy={policy}", null, HttpStatusCode.OK);

    private static Task GoneAsync(TestServer test, string name) => test.UntilAsync($"{ConfigMaps}/{name}", o => o.Number("code") == 404);
}
