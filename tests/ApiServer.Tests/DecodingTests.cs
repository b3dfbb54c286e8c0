using System.Collections;
using System.Net;
using System.Reflection;
using System.Text;
using System.Text.Json.Serialization;
using Dpf.ApiServer.BuiltIn;
using Dpf.ApiServer.Schemas;
using k8s;
using k8s.Models;

namespace Dpf.ApiServer.Tests;

/// <summary>What clients send is read as Kubernetes' own types read it.</summary>
public class DecodingTests
{
    private const string Maps = "/api/v1/namespaces/default/configmaps";

    // What the client's models know beyond the version that the table is of.
    private static readonly string[] Newer =
    [
        ".items.user", ".defaultUser", "serviceAccountToken.user", "podCertificate.user", "clusterTrustBundle.user", "emptyDir.mode", "grpc.mode",
        "httpGet.protocol", ".bindMountOptions", ".evictionResponders", "CSINode.status", ".spec.scheduling", "HorizontalPodAutoscaler.status.conditions.observedGeneration",
        ".podPreemptionPolicy", ".runningInUserNamespace", ".healthStatus", ".volumeHealth", ".nodeAllocatableResourceClaimStatuses.mapping",
        ".nodeAllocatableResourceClaimStatuses.overhead",
    ];

    [Theory]
    [InlineData("replicas: \"3\"", "json: cannot unmarshal string into Go struct field DeploymentSpec.spec.replicas of type int32")]
    [InlineData("template: {spec: {containers: [{name: a, env: [{name: A, value: 1}]}]}}", "json: cannot unmarshal number into Go struct field EnvVar.spec.template.spec.containers.env.value of type string")]
    [InlineData("selector: {matchLabels: {a: true}}", "json: cannot unmarshal bool into Go struct field LabelSelector.spec.selector.matchLabels.a of type string")]
    [InlineData("template: []", "json: cannot unmarshal array into Go struct field DeploymentSpec.spec.template of type v1.PodTemplateSpec")]
    public async Task A_field_of_another_type_is_refused(string spec, string message)
    {
        await using var test = await TestServer.StartAsync();
        var answer = await test.PostAsync(
            "/apis/apps/v1/namespaces/default/deployments", $"{{apiVersion: apps/v1, kind: Deployment, metadata: {{name: a}}, spec: {{{spec}}}}}", HttpStatusCode.BadRequest);
        Assert.Equal($"Deployment in version \"v1\" cannot be handled as a Deployment: {message}", (string?)answer["message"]);
    }

    [Fact]
    public async Task What_is_unknown_falls_away_with_a_warning_or_is_refused()
    {
        await using var test = await TestServer.StartAsync();
        const string Map = "{apiVersion: v1, kind: ConfigMap, metadata: {name: a, label: {x: y}}, dta: {a: b}}";
        using var content = new StringContent(Map, Encoding.UTF8, "application/yaml");
        using var answer = await test.Admin.PostAsync(Maps, content, TestContext.Current.CancellationToken);
        Assert.Equal(HttpStatusCode.Created, answer.StatusCode);
        Assert.Equal(["299 - \"unknown field \\\"metadata.label\\\"\"", "299 - \"unknown field \\\"dta\\\"\""], answer.Headers.GetValues("Warning"));
        Assert.Null((await test.GetAsync(Maps + "/a"))["dta"]);

        var refused = await test.PostAsync(Maps + "?fieldValidation=Strict", Map.Replace("name: a", "name: b", StringComparison.Ordinal), HttpStatusCode.BadRequest);
        Assert.EndsWith("strict decoding error: unknown field \"metadata.label\", unknown field \"dta\"", (string?)refused["message"], StringComparison.Ordinal);
    }

    [Fact]
    public async Task What_is_stored_and_not_heeded_says_so()
    {
        await using var test = await TestServer.StartAsync();
        using var quota = new StringContent("{apiVersion: v1, kind: ResourceQuota, metadata: {name: a}, spec: {hard: {pods: 1}}}", Encoding.UTF8, "application/yaml");
        using var answer = await test.Admin.PostAsync("/api/v1/namespaces/default/resourcequotas", quota, TestContext.Current.CancellationToken);
        Assert.Equal(["299 - \"resourcequotas are stored, but not enforced by this API server\""], answer.Headers.GetValues("Warning"));
    }

    [Fact]
    public async Task The_metadata_of_custom_kinds_is_read_likewise()
    {
        await using var test = await TestServer.StartAsync();
        await test.DefineAsync(StricterSchemaTests.Definition);
        var answer = await test.PostAsync(
            "/apis/example.com/v1/namespaces/default/cars", "{apiVersion: example.com/v1, kind: Car, metadata: {name: a, labels: {a: 1}}}", HttpStatusCode.BadRequest);
        Assert.EndsWith("json: cannot unmarshal number into Go struct field ObjectMeta.metadata.labels.a of type string", (string?)answer["message"], StringComparison.Ordinal);
    }

    [Fact]
    public async Task Null_is_nothing_and_quantities_may_be_numbers()
    {
        await using var test = await TestServer.StartAsync();
        var pod = await test.PostAsync("/api/v1/namespaces/default/pods?fieldValidation=Strict", """
            apiVersion: v1
            kind: Pod
            metadata: {name: a, creationTimestamp: null, annotations: null}
            spec:
              nodeName: null
              containers: [{name: a, image: b, resources: {limits: {cpu: 0.5, memory: 1Gi}}, readinessProbe: {httpGet: {port: 80}}}]
            status: {}
            """);
        Assert.False(pod["spec"]!.AsObject().ContainsKey("nodeName"));
        Assert.Null(pod["metadata"]!["annotations"]);
    }

    [Theory]
    [InlineData("labels: {a b: c}", "name part must consist of")]
    [InlineData("labels: {Example.com/a: c}", "prefix part must be a lowercase RFC 1123 subdomain")]
    [InlineData("labels: {a: c d}", "a valid label must be empty or consist of")]
    [InlineData("labels: {a: 0123456789012345678901234567890123456789012345678901234567890123}", "must be no more than 63 characters")]
    [InlineData("annotations: {a b: c}", "name part must consist of")]
    public async Task Labels_and_annotations_have_rules(string metadata, string problem)
    {
        await using var test = await TestServer.StartAsync();
        var answer = await test.PostAsync(Maps, $"{{apiVersion: v1, kind: ConfigMap, metadata: {{name: a, {metadata}}}}}", HttpStatusCode.UnprocessableEntity);
        Assert.Contains(problem, (string?)answer["message"], StringComparison.Ordinal);
    }

    public static TheoryData<string> Models() =>
        [.. BuiltInKinds.All().Where(d => !d.Virtual && ModelOf(d.ApiVersion, d.Kind) is not null).Select(d => $"{d.ApiVersion} {d.Kind}")];

    /// <summary>A field that the table lacked would be thrown away, and one of another type refused.</summary>
    [Theory]
    [MemberData(nameof(Models))]
    public void Every_field_that_a_client_of_Kubernetes_knows_is_known(string kind)
    {
        var words = kind.Split(' ');
        var schema = BuiltInKinds.All().Single(d => d.ApiVersion == words[0] && d.Kind == words[1]).Schema!;
        var missing = new List<string>();
        Compare(ModelOf(words[0], words[1])!, schema, words[1], [], missing);
        Assert.True(missing.Count == 0, string.Join("\n", missing));
    }

    private static Type? ModelOf(string apiVersion, string kind) => typeof(V1Pod).Assembly.GetTypes().FirstOrDefault(t =>
        t.GetCustomAttribute<KubernetesEntityAttribute>() is { } entity && entity.Kind == kind &&
        (entity.Group.Length == 0 ? entity.ApiVersion : $"{entity.Group}/{entity.ApiVersion}") == apiVersion &&
        typeof(IKubernetesObject<V1ObjectMeta>).IsAssignableFrom(t));

    private static void Compare(Type model, StructuralSchema schema, string path, HashSet<Type> within, List<string> missing)
    {
        if (schema.PreserveUnknownFields || !within.Add(model))
        {
            return;
        }

        foreach (var property in model.GetProperties())
        {
            if (property.GetCustomAttribute<JsonPropertyNameAttribute>()?.Name is not { } name || (within.Count == 1 && name is "apiVersion" or "kind"))
            {
                continue;
            }

            if (!schema.Properties.TryGetValue(name, out var field))
            {
                missing.AddRange(Newer.Any(n => $"{path}.{name}".EndsWith(n, StringComparison.Ordinal)) ? [] : [$"{path}.{name}"]);
                continue;
            }

            var type = Nullable.GetUnderlyingType(property.PropertyType) ?? property.PropertyType;
            if (type != typeof(string) && type != typeof(byte[]) && typeof(IEnumerable).IsAssignableFrom(type) && type.IsGenericType)
            {
                (type, field) = (type.GetGenericArguments()[^1], field.Items ?? field.AdditionalProperties);
            }

            if (field is null)
            {
                missing.Add($"{path}.{name} is neither list nor map");
            }
            else if (type.Namespace == "k8s.Models" && type.IsClass && !field.IntOrString && type != typeof(IntOrString) && type != typeof(ResourceQuantity))
            {
                Compare(type, field, $"{path}.{name}", within, missing);
            }
        }

        within.Remove(model);
    }
}
