using System.Net;
using System.Text.Json.Nodes;
using Dpf.ApiServer.Serving;
using Microsoft.Extensions.Time.Testing;

namespace Dpf.ApiServer.Tests;

/// <summary>Objects over HTTP: their life, lists, watches, patches.</summary>
public sealed class ResourceTests
{
    private const string ConfigMaps = "/api/v1/namespaces/default/configmaps";

    private const string Widgets = """
        apiVersion: apiextensions.k8s.io/v1
        kind: CustomResourceDefinition
        metadata: {name: widgets.example.com}
        spec:
          group: example.com
          scope: Namespaced
          names: {plural: widgets, kind: Widget, shortNames: [wd]}
          versions:
          - name: v1
            served: true
            storage: true
            subresources: {status: {}, scale: {specReplicasPath: .spec.count, statusReplicasPath: .status.count}}
            schema:
              openAPIV3Schema:
                type: object
                required: [spec]
                properties:
                  spec:
                    type: object
                    required: [size]
                    properties:
                      size: {type: integer, minimum: 1}
                      count: {type: integer, default: 2}
                      color: {type: string, enum: [red, blue]}
                      port: {x-kubernetes-int-or-string: true}
                      free: {type: object, x-kubernetes-preserve-unknown-fields: true}
                  status: {type: object, properties: {count: {type: integer}, phase: {type: string}}}
        """;

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_page_continues_where_the_last_one_ended_at_the_same_revision()
    {
        await using var test = await TestServer.StartAsync();
        foreach (var name in (string[])["a", "b", "c", "d", "e"])
        {
            await test.PostAsync(ConfigMaps, $"metadata: {{name: {name}, labels: {{of: test}}}}");
        }

        var first = await test.GetAsync(ConfigMaps + "?limit=2&labelSelector=of%3Dtest");
        await test.SendAsync(HttpMethod.Delete, ConfigMaps + "/e", null, HttpStatusCode.OK);
        var second = await test.GetAsync($"{ConfigMaps}?limit=2&labelSelector=of%3Dtest&continue={first.Text("metadata", "continue")}");
        var third = await test.GetAsync($"{ConfigMaps}?limit=2&labelSelector=of%3Dtest&continue={second.Text("metadata", "continue")}");

        Assert.Equal(["a", "b", "c", "d", "e"], ((JsonObject[])[first, second, third]).SelectMany(p => p.Objects("items")).Select(i => i.Name()));
        Assert.Equal(first.Text("metadata", "resourceVersion"), third.Text("metadata", "resourceVersion"));
        Assert.Null(third.Text("metadata", "continue"));
    }

    [Fact]
    public async Task A_watch_shows_an_object_come_and_go_as_its_labels_start_and_stop_to_match()
    {
        await using var test = await TestServer.StartAsync();
        var from = (await test.GetAsync(ConfigMaps)).Text("metadata", "resourceVersion");
        await test.PostAsync(ConfigMaps, "metadata: {name: a}");
        foreach (var labels in (string[])["""{"on":"1"}""", """{"on":"1","more":"1"}""", """{"on":null}"""])
        {
            await test.SendAsync(HttpMethod.Patch, ConfigMaps + "/a", $$$"""{"metadata":{"labels":{{{labels}}}}}""", HttpStatusCode.OK, "application/merge-patch+json");
        }

        var events = new List<JsonObject>();
        await foreach (var change in test.WatchAsync($"{ConfigMaps}?watch=1&labelSelector=on&resourceVersion={from}&timeoutSeconds=1"))
        {
            events.Add(change);
        }

        Assert.Equal(["ADDED", "MODIFIED", "DELETED"], events.Select(e => e.Text("type")!));
        Assert.Equal("1", events[2].Text("object", "metadata", "labels", "more"));
    }

    [Fact]
    public async Task A_watch_of_metadata_shows_nothing_else()
    {
        await using var test = await TestServer.StartAsync();
        await test.PostAsync(ConfigMaps, "metadata: {name: a}\ndata: {a: b}");
        test.Admin.DefaultRequestHeaders.Add("Accept", "application/json;as=PartialObjectMetadata;g=meta.k8s.io;v=v1");
        await foreach (var change in test.WatchAsync(
            $"{ConfigMaps}?watch=1&fieldSelector=metadata.name%3Da&sendInitialEvents=true&resourceVersionMatch=NotOlderThan&allowWatchBookmarks=true&timeoutSeconds=20"))
        {
            Assert.Equal(("PartialObjectMetadata", "meta.k8s.io/v1"), (change.Text("object", "kind"), change.Text("object", "apiVersion")));
            Assert.Null(change.At("object", "data"));
            if (change.Text("type") == "BOOKMARK")
            {
                return;
            }
        }

        Assert.Fail("the watch ended without a bookmark");
    }

    [Fact]
    public async Task A_dry_run_of_another_kind_is_none()
    {
        await using var test = await TestServer.StartAsync();
        var refused = await test.PostAsync(ConfigMaps + "?dryRun=some", "metadata: {name: a}", HttpStatusCode.UnprocessableEntity);
        Assert.Contains("dryRun: Unsupported value: \"some\"", (string?)refused["message"], StringComparison.Ordinal);
        await test.SendAsync(HttpMethod.Get, ConfigMaps + "/a", null, HttpStatusCode.NotFound);
    }

    [Fact]
    public async Task A_dry_run_makes_nothing_that_is_there_already_and_keeps_nothing()
    {
        const string Services = "/api/v1/namespaces/default/services";
        await using var test = await TestServer.StartAsync();
        await test.PostAsync(ConfigMaps, "metadata: {name: a}");

        var refused = await test.PostAsync(ConfigMaps + "?dryRun=All", "metadata: {name: a}", HttpStatusCode.Conflict);
        Assert.Equal(("AlreadyExists", "configmaps \"a\" already exists"), (refused.Text("reason"), refused.Text("message")));
        await test.PostAsync(ConfigMaps + "?dryRun=All", "metadata: {generateName: a}");
        await test.PostAsync(ConfigMaps + "?dryRun=All", "metadata: {name: b}");
        await test.SendAsync(HttpMethod.Get, ConfigMaps + "/b", null, HttpStatusCode.NotFound);

        // What a service would have got is there for the next one.
        var tried = await test.PostAsync(Services + "?dryRun=All", "metadata: {name: s}\nspec: {type: NodePort, ports: [{port: 80, nodePort: 30080}]}");
        var made = await test.PostAsync(
            Services, $"metadata: {{name: s}}\nspec: {{type: NodePort, clusterIP: {tried.Text("spec", "clusterIP")}, ports: [{{port: 80, nodePort: 30080}}]}}");
        Assert.Equal(tried.Text("spec", "clusterIP"), made.Text("spec", "clusterIP"));
    }

    [Fact]
    public async Task A_namespace_that_cannot_end_says_what_holds_it()
    {
        await using var test = await TestServer.StartAsync();
        await test.PostAsync("/api/v1/namespaces", "metadata: {name: shop}");
        await test.PostAsync("/api/v1/namespaces/shop/configmaps", "metadata: {name: a, finalizers: [example.com/keys]}");
        await test.SendAsync(HttpMethod.Delete, "/api/v1/namespaces/shop", null, HttpStatusCode.OK);
        var held = await test.UntilAsync("/api/v1/namespaces/shop", n => n.Objects("status", "conditions").Any());
        Assert.Equal(
            [
                "NamespaceContentRemaining True SomeResourcesRemain Some resources are remaining: configmaps has 1 resource instances",
                "NamespaceFinalizersRemaining True SomeFinalizersRemain Some content in the namespace has finalizers remaining: example.com/keys in 1 resource instances",
            ],
            held.Objects("status", "conditions").Select(c => $"{c["type"]} {c["status"]} {c["reason"]} {c["message"]}"));

        await test.SendAsync(
            HttpMethod.Patch, "/api/v1/namespaces/shop/configmaps/a", """{"metadata":{"finalizers":null}}""", HttpStatusCode.OK, "application/merge-patch+json");
        await test.UntilAsync("/api/v1/namespaces", l => l.Objects("items").All(n => n.Name() != "shop"));
    }

    [Fact]
    public async Task Events_are_gone_an_hour_after_they_were_last_told()
    {
        var time = new FakeTimeProvider(new DateTimeOffset(2026, 5, 4, 12, 0, 0, TimeSpan.Zero));
        await using var test = await TestServer.StartAsync(new ApiServerOptions { Time = time });
        const string Events = "/api/v1/namespaces/default/events";
        const string Told = "involvedObject: {kind: Pod, name: a, namespace: default}\nlastTimestamp: \"2026-05-04T";
        await test.PostAsync(Events, $"metadata: {{name: old}}\n{Told}12:00:00Z\"");
        await test.PostAsync(Events, $"metadata: {{name: young}}\n{Told}12:50:00Z\"");
        for (var minutes = 0; minutes < 70; minutes += 5)
        {
            // Each pass begins its pause when the one before is over.
            time.Advance(TimeSpan.FromMinutes(5));
            await Task.Delay(TimeSpan.FromMilliseconds(20), TimeProvider.System, TestContext.Current.CancellationToken);
        }

        await test.UntilAsync(Events, l => l.Objects("items").Select(e => e.Name()).SequenceEqual(["young"]));
    }

    [Fact]
    public async Task A_streamed_list_ends_with_a_bookmark()
    {
        await using var test = await TestServer.StartAsync();
        await foreach (var change in test.WatchAsync(
            "/api/v1/namespaces?watch=1&sendInitialEvents=true&resourceVersionMatch=NotOlderThan&allowWatchBookmarks=true&timeoutSeconds=20"))
        {
            if (change.Text("type") == "BOOKMARK")
            {
                Assert.Equal("true", change.Text("object", "metadata", "annotations", "k8s.io/initial-events-end"));
                return;
            }

            Assert.Equal("ADDED", change.Text("type"));
        }

        Assert.Fail("the watch ended without a bookmark");
    }

    [Fact]
    public async Task An_update_of_an_old_version_conflicts_and_finalizers_hold_an_object()
    {
        await using var test = await TestServer.StartAsync();
        var made = await test.PostAsync(ConfigMaps, "metadata: {name: a, finalizers: [example.com/hold]}\ndata: {x: '1'}");
        made["data"]!["x"] = "2";
        var changed = await test.SendAsync(HttpMethod.Put, ConfigMaps + "/a", made.ToJsonString(), HttpStatusCode.OK, "application/json");
        await test.SendAsync(HttpMethod.Put, ConfigMaps + "/a", made.ToJsonString().Replace("\"2\"", "\"3\"", StringComparison.Ordinal), HttpStatusCode.Conflict, "application/json");

        var deleted = await test.SendAsync(HttpMethod.Delete, ConfigMaps + "/a", null, HttpStatusCode.OK);
        Assert.NotNull(deleted.Text("metadata", "deletionTimestamp"));
        await test.SendAsync(
            HttpMethod.Patch, ConfigMaps + "/a", """[{"op":"remove","path":"/metadata/finalizers"}]""", HttpStatusCode.OK, "application/json-patch+json");
        var gone = await test.SendAsync(HttpMethod.Get, ConfigMaps + "/a", null, HttpStatusCode.NotFound);
        Assert.Equal("configmaps \"a\" not found", gone.Text("message"));
        Assert.NotEqual(made.Text("metadata", "resourceVersion"), changed.Text("metadata", "resourceVersion"));
    }

    [Fact]
    public async Task Appliers_own_their_fields_and_take_them_back()
    {
        await using var test = await TestServer.StartAsync();
        await test.ApplyAsync(ConfigMaps + "/a", "one", "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\ndata: {x: '1', y: '1'}", HttpStatusCode.Created);
        var conflict = await test.ApplyAsync(ConfigMaps + "/a", "two", "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\ndata: {x: '2'}", HttpStatusCode.Conflict);
        Assert.Contains(".data.x", conflict.Text("message"), StringComparison.Ordinal);
        await test.ApplyAsync(ConfigMaps + "/a", "two", "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\ndata: {x: '2'}", force: true);
        var left = await test.ApplyAsync(ConfigMaps + "/a", "one", "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\ndata: {z: '1'}");
        Assert.Equal("""{"x":"2","z":"1"}""", left["data"]!.ToJsonString());
    }

    [Fact]
    public async Task What_is_meant_for_one_object_makes_no_other()
    {
        await using var test = await TestServer.StartAsync();
        var gone = await test.ApplyAsync(
            ConfigMaps + "/a", "one", "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a, uid: 11111111-1111-1111-1111-111111111111}", HttpStatusCode.Conflict);
        Assert.Contains("no existing object was found", gone.Text("message"), StringComparison.Ordinal);
    }

    [Fact]
    public void A_column_finds_a_field_at_any_depth()
    {
        var value = JsonNode.Parse("""{"spec":{"type":"a","a":{"name":"deep","b":[{"name":"deeper"}]}},"name":"outside"}""");
        Assert.Equal(["deep", "deeper"], Dpf.ApiServer.Tables.JsonPath.Select(value, ".spec..name").Select(n => (string?)n));
        Assert.Empty(Dpf.ApiServer.Tables.JsonPath.Select(value, ".spec..none"));
        Assert.Equal("a", (string?)Dpf.ApiServer.Tables.JsonPath.Select(value, ".spec.type").Single());
    }

    [Fact]
    public async Task A_custom_kind_is_served_checked_scaled_and_taken_away_with_its_objects()
    {
        const string Path = "/apis/example.com/v1/namespaces/default/widgets";
        await using var test = await TestServer.StartAsync();
        await test.DefineAsync(Widgets);

        var bad = await test.PostAsync(Path, "apiVersion: example.com/v1\nkind: Widget\nmetadata: {name: a}\nspec: {size: 0, color: green, port: [1]}", HttpStatusCode.UnprocessableEntity);
        Assert.Equal(["spec.color", "spec.port", "spec.size"], bad.Objects("details", "causes").Select(c => c.Text("field")).Distinct().Order(StringComparer.Ordinal));

        var made = await test.PostAsync(
            Path, "apiVersion: example.com/v1\nkind: Widget\nmetadata: {name: a}\nspec: {size: 1, other: 1, port: http, free: {any: thing}}\nstatus: {phase: x}");
        Assert.Equal("""{"size":1,"port":"http","free":{"any":"thing"},"count":2}""", made["spec"]!.ToJsonString());
        Assert.Null(made["status"]);
        await test.SendAsync(HttpMethod.Patch, Path + "/a/status", """{"status":{"phase":"Ready"},"spec":{"size":9}}""", HttpStatusCode.OK, "application/merge-patch+json");
        await test.SendAsync(HttpMethod.Patch, Path + "/a/scale", """{"spec":{"replicas":7}}""", HttpStatusCode.OK, "application/merge-patch+json");
        var now = await test.GetAsync(Path + "/a");
        Assert.Equal(("Ready", 1L, 7L, 2L), (now.Text("status", "phase"), now.Number("spec", "size"), now.Number("spec", "count"), now.Number("metadata", "generation")));

        await test.SendAsync(HttpMethod.Delete, "/apis/apiextensions.k8s.io/v1/customresourcedefinitions/widgets.example.com", null, HttpStatusCode.OK);
        for (var attempt = 0; (await test.Admin.GetAsync(Path, Cancellation)).StatusCode != HttpStatusCode.NotFound; attempt++)
        {
            Assert.True(attempt < 100);
            await Task.Delay(TimeSpan.FromMilliseconds(50), TimeProvider.System, Cancellation);
        }
    }
}
