using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json.Nodes;
using Dpf.Operator.Applying;
using Dpf.Operator.Inventory;
using Dpf.Runtime.Clusters;
using Dpf.Testing;
using k8s.Models;

namespace Dpf.Operator.Tests.Applying;

public sealed class ApplySetTests : IAsyncLifetime
{
    private TestCluster _cluster = null!;
    private ApplySet _set = null!;

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync()
    {
        _cluster = await TestCluster.StartAsync();
        _set = new ApplySet(_cluster.Client, "thing", "default");
    }

    public ValueTask DisposeAsync() => _cluster.DisposeAsync();

    [Fact]
    public async Task ItsParentCarriesTheInventory()
    {
        await _set.ApplyAsync([Map("b"), Map("a"), Role("r")], Cancellation);
        var parent = await _cluster.Client.GetAsync<V1Secret>("default", "thing-applyset", Cancellation);
        Assert.Equal("ClusterRole.rbac.authorization.k8s.io/r.,ConfigMap./a.default,ConfigMap./b.default", parent!.Metadata.Annotations["applyset.kubernetes.io/inventory"]);
        Assert.Equal("dpf-operator/v0", parent.Metadata.Annotations["applyset.kubernetes.io/tooling"]);
        var id = "applyset-" + Convert.ToBase64String(SHA256.HashData(Encoding.UTF8.GetBytes("thing-applyset.default.Secret.")))
            .Replace('+', '-').Replace('/', '_').TrimEnd('=') + "-v1";
        Assert.Equal(id, parent.Metadata.Labels["applyset.kubernetes.io/id"]);
        Assert.Equal("thing", parent.Metadata.Labels["dpu.nvidia.com/component"]);
        Assert.Equal(id, (await MapAsync("a"))!.Metadata.Labels["applyset.kubernetes.io/part-of"]);
    }

    [Fact]
    public async Task WhatItNoLongerHoldsIsDeleted()
    {
        await _set.ApplyAsync([Map("a"), Map("b"), Role("r")], Cancellation);
        await _set.ApplyAsync([Map("b")], Cancellation);
        Assert.Null(await MapAsync("a"));
        Assert.NotNull(await MapAsync("b"));
        Assert.Null(await _cluster.Client.GetAsync<V1ClusterRole>(null, "r", Cancellation));
        await _set.ApplyAsync([], Cancellation);
        Assert.Null(await MapAsync("b"));
        Assert.Null(await _cluster.Client.GetAsync<V1Secret>("default", "thing-applyset", Cancellation));
        await _set.ApplyAsync([], Cancellation);
    }

    [Fact]
    public async Task AnObjectThatIsRefusedLeavesTheOldOnesAndNothingUnseen()
    {
        await _set.ApplyAsync([Map("old")], Cancellation);
        await Assert.ThrowsAsync<KubeException>(() => _set.ApplyAsync([Map("a"), Map("Not A Name"), Map("c")], Cancellation));
        Assert.NotNull(await MapAsync("old"));
        Assert.NotNull(await MapAsync("a"));
        Assert.Null(await MapAsync("c"));
        await _set.ApplyAsync([Map("c")], Cancellation);
        Assert.Null(await MapAsync("a"));
        Assert.Null(await MapAsync("old"));
    }

    [Fact]
    public async Task ADeletionThatIsRefusedHoldsUpNoOther()
    {
        await _set.ApplyAsync([Map("a"), Map("b"), Role("r"), Service("s")], Cancellation);
        await _cluster.Client.ApplyAsync(Hook("theirs"), "test", Cancellation);
        var refusal = await Assert.ThrowsAsync<KubeException>(() => _set.ApplyAsync([], Cancellation));
        Assert.Contains("configmaps/a", refusal.Message, StringComparison.Ordinal);
        Assert.Contains("configmaps/b", refusal.Message, StringComparison.Ordinal);
        Assert.Null(await _cluster.Client.GetAsync<V1ClusterRole>(null, "r", Cancellation));
        Assert.Null(await _cluster.Client.GetAsync<V1Service>("default", "s", Cancellation));

        // Nothing is forgotten that is there still.
        await _cluster.Client.DeleteAsync<V1ValidatingWebhookConfiguration>(null, "theirs", Cancellation);
        await _set.ApplyAsync([], Cancellation);
        Assert.Null(await MapAsync("a"));
        Assert.Null(await MapAsync("b"));
        Assert.Null(await _cluster.Client.GetAsync<V1Secret>("default", "thing-applyset", Cancellation));
    }

    [Fact]
    public async Task WebhooksGoBeforeWhatTheyGuardAndRightsLast()
    {
        await _set.ApplyAsync([Map("a"), Role("r"), Hook("ours")], Cancellation);
        var role = new JsonObject { ["metadata"] = new JsonObject { ["finalizers"] = new JsonArray("example.org/wait") } };
        await _cluster.Client.PatchAsync<V1ClusterRole>(null, "r", role, Cancellation);
        await FinalizersAsync("a", "example.org/wait");
        await _set.ApplyAsync([], Cancellation);
        Assert.Null(await _cluster.Client.GetAsync<V1ValidatingWebhookConfiguration>(null, "ours", Cancellation));
        var (map, last) = ((await MapAsync("a"))!.Metadata, (await _cluster.Client.GetAsync<V1ClusterRole>(null, "r", Cancellation))!.Metadata);
        Assert.NotNull(map.DeletionTimestamp);
        Assert.True(Revision(map) < Revision(last), "the role goes first");

        static long Revision(V1ObjectMeta metadata) => long.Parse(metadata.ResourceVersion, CultureInfo.InvariantCulture);
    }

    [Fact]
    public async Task W9_a_field_that_somebody_else_changed_is_put_back_and_their_own_is_left()
    {
        await _set.ApplyAsync([Map("a")], Cancellation);
        await _cluster.Client.PatchAsync<V1ConfigMap>(
            "default", "a", new JsonObject { ["data"] = new JsonObject { ["ours"] = "changed", ["theirs"] = "1" } }, Cancellation);
        await _set.ApplyAsync([Map("a")], Cancellation);
        Assert.Equal(("yes", "1"), ((await MapAsync("a"))!.Data["ours"], (await MapAsync("a"))!.Data["theirs"]));
    }

    [Fact]
    public async Task ItsEndWaitsForTheEndOfItsObjects()
    {
        await _set.ApplyAsync([Map("a"), Map("b")], Cancellation);
        await FinalizersAsync("a", "example.org/wait");
        Assert.False(await _set.DeleteAsync(Cancellation));
        Assert.False(await _set.DeleteAsync(Cancellation));
        Assert.Null(await MapAsync("b"));
        Assert.NotNull(await _cluster.Client.GetAsync<V1Secret>("default", "thing-applyset", Cancellation));
        await FinalizersAsync("a");
        Assert.True(await _set.DeleteAsync(Cancellation));
        Assert.Null(await _cluster.Client.GetAsync<V1Secret>("default", "thing-applyset", Cancellation));
        Assert.True(await _set.DeleteAsync(Cancellation));
    }

    private static JsonObject Map(string name) => new()
    {
        ["apiVersion"] = "v1",
        ["kind"] = "ConfigMap",
        ["metadata"] = new JsonObject { ["name"] = name, ["namespace"] = "default", ["labels"] = new JsonObject { [ApplySetLabels.Component] = "thing" } },
        ["data"] = new JsonObject { ["ours"] = "yes" },
    };

    private static JsonObject Role(string name) => new()
    {
        ["apiVersion"] = "rbac.authorization.k8s.io/v1",
        ["kind"] = "ClusterRole",
        ["metadata"] = new JsonObject { ["name"] = name, ["labels"] = new JsonObject { [ApplySetLabels.Component] = "thing" } },
        ["rules"] = new JsonArray(),
    };

    private static JsonObject Service(string name) => new()
    {
        ["apiVersion"] = "v1",
        ["kind"] = "Service",
        ["metadata"] = new JsonObject { ["name"] = name, ["namespace"] = "default", ["labels"] = new JsonObject { [ApplySetLabels.Component] = "thing" } },
        ["spec"] = new JsonObject { ["ports"] = new JsonArray(new JsonObject { ["port"] = 443 }) },
    };

    /// <summary>Nobody answers it: no ConfigMap can be deleted.</summary>
    private static JsonObject Hook(string name) => new()
    {
        ["apiVersion"] = "admissionregistration.k8s.io/v1",
        ["kind"] = "ValidatingWebhookConfiguration",
        ["metadata"] = new JsonObject { ["name"] = name, ["labels"] = new JsonObject { [ApplySetLabels.Component] = "thing" } },
        ["webhooks"] = new JsonArray(new JsonObject
        {
            ["name"] = "maps.example.org",
            ["clientConfig"] = new JsonObject { ["url"] = "https://127.0.0.1:1/" },
            ["rules"] = new JsonArray(new JsonObject
            {
                ["apiGroups"] = new JsonArray(""), ["apiVersions"] = new JsonArray("v1"),
                ["operations"] = new JsonArray("DELETE"), ["resources"] = new JsonArray("configmaps"),
            }),
            ["sideEffects"] = "None",
            ["admissionReviewVersions"] = new JsonArray("v1"),
        }),
    };

    private Task<V1ConfigMap?> MapAsync(string name) => _cluster.Client.GetAsync<V1ConfigMap>("default", name, Cancellation);

    private Task FinalizersAsync(string name, params string[] finalizers) => _cluster.Client.PatchAsync<V1ConfigMap>(
        "default", name, new JsonObject { ["metadata"] = new JsonObject { ["finalizers"] = new JsonArray([.. finalizers.Select(f => (JsonNode)f)]) } },
        Cancellation);
}
