using System.Net;
using System.Text.Json.Nodes;
using Dpf.ApiServer.Serving;

namespace Dpf.ApiServer.Tests;

/// <summary>What stays as it was made, and what of it may change all the same.</summary>
public sealed class ImmutableFieldTests
{
    private const string Core = "/api/v1/namespaces/default/";

    private static readonly Dictionary<string, (string Path, string Object)> Objects = new(StringComparer.Ordinal)
    {
        ["pod"] = (Core + "pods", """
            metadata: {name: a}
            spec:
              activeDeadlineSeconds: 60
              schedulingGates: [{name: one}, {name: two}]
              containers: [{name: c, image: "i:1", env: [{name: EMPTY, value: ""}], stdin: false, resources: {limits: {cpu: 1}}}]
              volumes: [{name: v, emptyDir: {}}]
            """),
        ["job"] = ("/apis/batch/v1/namespaces/default/jobs", """
            metadata: {name: a}
            spec:
              template: {metadata: {labels: {x: y}}, spec: {restartPolicy: Never, containers: [{name: c, image: i}]}}
            """),
        ["indexed"] = ("/apis/batch/v1/namespaces/default/jobs", """
            metadata: {name: a}
            spec:
              completionMode: Indexed
              completions: 2
              parallelism: 2
              template: {spec: {restartPolicy: Never, containers: [{name: c, image: i}]}}
            """),
        ["statefulset"] = ("/apis/apps/v1/namespaces/default/statefulsets", """
            metadata: {name: a}
            spec:
              serviceName: s
              selector: {matchLabels: {x: y}}
              template: {metadata: {labels: {x: y}}, spec: {containers: [{name: c, image: i}]}}
            """),
        ["configmap"] = (Core + "configmaps", "metadata: {name: a}\nimmutable: true\ndata: {k: v}"),
        ["secret"] = (Core + "secrets", "metadata: {name: a}\nimmutable: true\nstringData: {k: v}"),
        ["claim"] = (Core + "persistentvolumeclaims", """
            metadata: {name: a}
            spec: {accessModes: [ReadWriteOnce], storageClassName: "", resources: {requests: {storage: 1Gi}}}
            """),
        ["class"] = ("/apis/storage.k8s.io/v1/storageclasses", "metadata: {name: a}\nprovisioner: x\nparameters: {k: v}"),
    };

    private static readonly string[] Kinds = [.. Objects.Keys];

    public static TheoryData<string> All => [.. Kinds];

    [Theory]
    [InlineData("pod", """{"spec":{"containers":[{"name":"c","image":"i:1","command":["sh"]}]}}""", "spec: Forbidden: pod updates may not change fields other than `spec.containers[*].image`")]
    [InlineData("pod", """{"spec":{"nodeName":"n"}}""", "spec: Forbidden: pod updates may not change")]
    [InlineData("pod", """{"spec":{"restartPolicy":"Never"}}""", "spec: Forbidden: pod updates may not change")]
    [InlineData("pod", """{"spec":{"activeDeadlineSeconds":61}}""", "spec.activeDeadlineSeconds: Invalid value: 61: must be less than or equal to previous value")]
    [InlineData("pod", """{"spec":{"schedulingGates":[{"name":"three"}]}}""", "spec.schedulingGates: Forbidden: only deletion is allowed, but found new scheduling gate 'three'")]
    [InlineData("pod", """{"spec":{"terminationGracePeriodSeconds":1}}""", "spec: Forbidden: pod updates may not change")]
    [InlineData("job", """{"spec":{"completions":3}}""", "spec.completions: Invalid value: 3: field is immutable")]
    [InlineData("job", """{"spec":{"template":{"spec":{"containers":[{"name":"c","image":"other"}]}}}}""", "spec.template: Invalid value: ")]
    [InlineData("job", """{"spec":{"selector":{"matchLabels":{"a":"b"}}}}""", "spec.selector: Invalid value: ")]
    [InlineData("indexed", """{"spec":{"completions":3}}""", "spec.completions: Invalid value: 3: field is immutable")]
    [InlineData("statefulset", """{"spec":{"serviceName":"other"}}""", "spec: Forbidden: updates to statefulset spec for fields other than 'replicas'")]
    [InlineData("statefulset", """{"spec":{"podManagementPolicy":"Parallel"}}""", "spec: Forbidden: updates to statefulset spec for fields other than 'replicas'")]
    [InlineData("configmap", """{"data":{"k":"w"}}""", "data: Forbidden: field is immutable when `immutable` is set")]
    [InlineData("configmap", """{"binaryData":{"b":"YQ=="}}""", "binaryData: Forbidden: field is immutable when `immutable` is set")]
    [InlineData("configmap", """{"immutable":null}""", "immutable: Forbidden: field is immutable when `immutable` is set")]
    [InlineData("secret", """{"data":{"k":"Yg=="}}""", "data: Forbidden: field is immutable when `immutable` is set")]
    [InlineData("secret", """{"immutable":false}""", "immutable: Forbidden: field is immutable when `immutable` is set")]
    [InlineData("claim", """{"spec":{"accessModes":["ReadOnlyMany"]}}""", "spec: Forbidden: spec is immutable after creation except resources.requests")]
    [InlineData("claim", """{"spec":{"storageClassName":"x"}}""", "spec: Forbidden: spec is immutable after creation except resources.requests")]
    [InlineData("claim", """{"spec":{"storageClassName":null}}""", "spec: Forbidden: spec is immutable after creation except resources.requests")]
    [InlineData("class", """{"provisioner":"y"}""", "provisioner: Invalid value: \"y\": field is immutable")]
    [InlineData("class", """{"parameters":{"k":"w"}}""", "parameters: Forbidden: updates to parameters are forbidden.")]
    [InlineData("class", """{"reclaimPolicy":"Retain"}""", "reclaimPolicy: Forbidden: updates to reclaimPolicy are forbidden.")]
    public async Task What_was_made_to_stay_stays(string kind, string patch, string message)
    {
        await using var test = await TestServer.StartAsync();
        var path = await MakeAsync(test, kind);
        var refused = await PatchAsync(test, path, patch, HttpStatusCode.UnprocessableEntity);
        Assert.Contains(message, refused.Text("message"), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("pod", """{"spec":{"containers":[{"name":"c","image":"i:2"}]}}""")]
    [InlineData("pod", """{"spec":{"activeDeadlineSeconds":30}}""")]
    [InlineData("pod", """{"spec":{"schedulingGates":[{"name":"two"}]}}""", "application/merge-patch+json")]
    [InlineData("pod", """{"spec":{"tolerations":[{"key":"k","operator":"Exists"}]}}""", "application/merge-patch+json")]
    [InlineData("pod", """{"spec":{"nodeSelector":{"a":"b"}}}""")]
    [InlineData("pod", """{"metadata":{"labels":{"a":"b"}}}""")]
    [InlineData("job", """{"spec":{"parallelism":2,"suspend":true}}""")]
    [InlineData("indexed", """{"spec":{"parallelism":3,"completions":3}}""")]
    [InlineData("statefulset", """{"spec":{"replicas":2,"minReadySeconds":1,"template":{"spec":{"containers":[{"name":"c","image":"j"}]}}}}""")]
    [InlineData("configmap", """{"metadata":{"labels":{"a":"b"}}}""")]
    [InlineData("claim", """{"spec":{"volumeName":"v"}}""")]
    [InlineData("class", """{"allowVolumeExpansion":true}""")]
    public async Task What_may_change_does(string kind, string patch, string type = "application/strategic-merge-patch+json")
    {
        await using var test = await TestServer.StartAsync();
        var path = await MakeAsync(test, kind);
        await test.SendAsync(HttpMethod.Patch, path, patch, HttpStatusCode.OK, type);
    }

    [Theory]
    [MemberData(nameof(All))]
    public async Task What_is_sent_back_or_applied_again_is_no_change(string kind)
    {
        await using var test = await TestServer.StartAsync();
        var path = await MakeAsync(test, kind);
        var made = await test.GetAsync(path);

        // As typed clients write it: without what is empty.
        var back = made.Copy();
        foreach (var container in back.Objects("spec", "containers"))
        {
            container.Remove("stdin");
            container.Objects("env").Single().Remove("value");
            container.Remove("resources");
            container["resources"] = new JsonObject { ["limits"] = new JsonObject { ["cpu"] = 1 } };
        }

        back.Map("metadata")["labels"] = new JsonObject { ["a"] = "b" };
        await test.SendAsync(HttpMethod.Put, path, back.ToJsonString(), HttpStatusCode.OK, "application/json");

        var manifest = (JsonObject)YamlReading.Parse(Objects[kind].Object)!;
        (manifest["apiVersion"], manifest["kind"]) = (made["apiVersion"]!.DeepClone(), made["kind"]!.DeepClone());
        await test.ApplyAsync(path, "test", manifest.ToJsonString(), force: true);
        await test.ApplyAsync(path, "test", manifest.ToJsonString(), force: true);
    }

    [Fact]
    public async Task A_pod_is_bound_once_and_its_tolerations_only_grow()
    {
        await using var test = await TestServer.StartAsync();
        await test.UntilAsync(Core + "serviceaccounts/default", a => a.Name().Length > 0);
        await test.PostAsync(Core + "pods", "metadata: {name: a}\nspec: {tolerations: [{key: k, operator: Exists}], containers: [{name: c, image: i}]}");
        await test.PostAsync(Core + "pods/a/binding", "metadata: {name: a}\ntarget: {kind: Node, name: n}");
        Assert.Equal("n", (await test.GetAsync(Core + "pods/a")).Text("spec", "nodeName"));
        await test.PostAsync(Core + "pods/a/binding", "metadata: {name: a}\ntarget: {kind: Node, name: m}", HttpStatusCode.Conflict);

        var refused = await test.SendAsync(
            HttpMethod.Patch, Core + "pods/a", """{"spec":{"tolerations":[{"key":"other","operator":"Exists"}]}}""",
            HttpStatusCode.UnprocessableEntity, "application/merge-patch+json");
        Assert.Contains("spec.tolerations: Forbidden: existing toleration can not be modified except its tolerationSeconds", refused.Text("message"), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_bound_claim_grows_and_does_not_shrink()
    {
        await using var test = await TestServer.StartAsync();
        var path = await MakeAsync(test, "claim");
        await PatchAsync(test, path, """{"spec":{"resources":{"requests":{"storage":"2Gi"}}}}""", HttpStatusCode.UnprocessableEntity);
        await PatchAsync(test, path + "/status", """{"status":{"phase":"Bound"}}""", HttpStatusCode.OK);
        await PatchAsync(test, path, """{"spec":{"resources":{"requests":{"storage":"2Gi"}}}}""", HttpStatusCode.OK);

        var refused = await PatchAsync(test, path, """{"spec":{"resources":{"requests":{"storage":"1900M"}}}}""", HttpStatusCode.UnprocessableEntity);
        Assert.Contains("spec.resources.requests.storage: Forbidden: field can not be less than previous value", refused.Text("message"), StringComparison.Ordinal);
    }

    private static async Task<string> MakeAsync(TestServer test, string kind)
    {
        if (kind == "pod")
        {
            await test.UntilAsync(Core + "serviceaccounts/default", a => a.Name().Length > 0);
        }

        var (path, value) = Objects[kind];
        await test.PostAsync(path, value);
        return path + "/a";
    }

    private static Task<JsonObject> PatchAsync(TestServer test, string path, string patch, HttpStatusCode expected) =>
        test.SendAsync(HttpMethod.Patch, path, patch, expected, "application/strategic-merge-patch+json");
}
