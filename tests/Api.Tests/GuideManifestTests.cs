using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.Json.Serialization;
using Dpf.Api.Schemas;
using Dpf.Runtime.Clusters;
using Dpf.Testing;
using k8s.Models;

namespace Dpf.Api.Tests;

/// <summary>The guide's own manifests, read as our types: every field that a user writes has a place.</summary>
public sealed class GuideManifestTests
{
    private static readonly JsonSerializerOptions Strict = new() { UnmappedMemberHandling = JsonUnmappedMemberHandling.Disallow };

    public static TheoryData<string> Files()
    {
        var folder = Path.Combine(TestFolder.Repository, "deploy/guides");
        return [.. Directory.GetFiles(folder, "*.yaml", SearchOption.AllDirectories).Where(f => Ours(f).Any()).Select(f => Path.GetRelativePath(folder, f)).Order(StringComparer.Ordinal)];
    }

    [Theory, MemberData(nameof(Files))]
    public void EveryFieldOfTheGuideHasAPlace(string file) => Assert.All(Ours(Path.Combine(TestFolder.Repository, "deploy/guides", file)), pair =>
    {
        var spec = pair.Kind.GetProperty("Spec")!.PropertyType;
        var read = JsonSerializer.Deserialize(pair.Value["spec"], spec, Strict);
        Assert.True(IsWithin(pair.Value["spec"]!, JsonSerializer.SerializeToNode(read, spec, Strict)), pair.Value.ToJsonString());
    });

    private static IEnumerable<(Type Kind, JsonObject Value)> Ours(string file) =>
        from value in Manifests.Parse(File.ReadAllText(file), file)
        from kind in CrdWriter.Kinds
        let entity = (KubernetesEntityAttribute)Attribute.GetCustomAttribute(kind, typeof(KubernetesEntityAttribute))!
        where (string?)value["kind"] == entity.Kind && (string?)value["apiVersion"] == $"{entity.Group}/{entity.ApiVersion}"
        select (kind, value);

    // Whatever was written is there; what was not may have been filled in.
    private static bool IsWithin(JsonNode? written, JsonNode? read) => (written, read) switch
    {
        (JsonObject a, JsonObject b) => a.All(p => IsWithin(p.Value, b[p.Key])),
        (JsonArray a, JsonArray b) => a.Count == b.Count && a.Zip(b).All(p => IsWithin(p.First, p.Second)),
        _ => JsonNode.DeepEquals(written, read),
    };
}
