using System.Text.Json.Nodes;
using System.Text.Json.Serialization;
using Dpf.Api.Schemas;
using k8s.Models;

namespace Dpf.Api.Tests.Schemas;

/// <summary>The definition around a kind's schema.</summary>
public sealed class CrdWriterTests
{
    [Fact]
    public void TheNamesComeFromTheKind()
    {
        var written = CrdWriter.Write(typeof(Cup));
        Assert.Equal("cups.kitchen.test", (string?)written["metadata"]!["name"]);
        Assert.Equal("keep", (string?)written["metadata"]!["annotations"]!["helm.sh/resource-policy"]);
        AssertJson("""{"kind": "Cup", "listKind": "CupList", "plural": "cups", "singular": "cup", "shortNames": ["c", "mug"]}""", written["spec"]!["names"]);
        Assert.Equal(("kitchen.test", "Cluster"), ((string?)written["spec"]!["group"], (string?)written["spec"]!["scope"]));
    }

    [Fact]
    public void AKindIsNamespacedWithoutShortNamesAndColumnsUnlessItSaysOtherwise()
    {
        var written = CrdWriter.Write(typeof(Spoon));
        Assert.Equal("Namespaced", (string?)written["spec"]!["scope"]);
        Assert.Null(written["spec"]!["names"]!["shortNames"]);
        Assert.Null(Version(typeof(Spoon))["additionalPrinterColumns"]);
    }

    [Fact]
    public void ColumnsKeepTheirOrderAndSayOnlyWhatIsSaid() => AssertJson(
        """
        [
          {"name": "Full", "type": "boolean", "jsonPath": ".spec.full"},
          {"name": "Drinker", "type": "string", "jsonPath": ".status.drinker", "priority": 1, "description": "who has it"}
        ]
        """,
        Version(typeof(Cup))["additionalPrinterColumns"]);

    [Fact]
    public void AVersionIsServedAndStored()
    {
        var version = Version(typeof(Cup));
        Assert.Equal(("v2", true, true), ((string?)version["name"], (bool)version["served"]!, (bool)version["storage"]!));
        AssertJson("""{"status": {}}""", version["subresources"]);
    }

    [Fact]
    public void AStatusDefaultsAsAWholeSoThatItsFieldsDo() => AssertJson(
        """
        {"type": "object", "default": {"drinker": "nobody"}, "required": ["drinker"],
         "properties": {"drinker": {"type": "string", "default": "nobody"}}}
        """,
        Schema(typeof(Cup))["properties"]!["status"]);

    [Fact]
    public void AKindWithoutStatusHasNoneToWriteTo()
    {
        Assert.Null(Version(typeof(Spoon))["subresources"]);
        Assert.False(Schema(typeof(Spoon))["properties"]!.AsObject().ContainsKey("status"));
    }

    [Fact]
    public void ASpecIsRequiredWhereTheKindSaysSo()
    {
        AssertJson("""["spec"]""", Schema(typeof(Cup))["required"]);
        Assert.Null(Schema(typeof(Spoon))["required"]);
    }

    [Fact]
    public void ATypeThatIsNoKindIsRefused() => Assert.Throws<ArgumentException>(() => CrdWriter.Name(typeof(CupSpec)));

    [Fact]
    public void EveryColumnOfOursIsAFieldOfItsKind() => Assert.All(CrdWriter.Kinds, kind =>
    {
        var schema = Schema(kind);
        var columns = Version(kind)["additionalPrinterColumns"] as JsonArray ?? [];
        Assert.All(columns.Select(c => (string)c!["jsonPath"]!).Where(p => !p.StartsWith(".metadata.", StringComparison.Ordinal)), path =>
            Assert.True(HasField(schema, path), $"{kind.Name}: nothing is at {path}"));
    });

    private static bool HasField(JsonNode schema, string path)
    {
        JsonNode? at = schema;
        var parts = path.Split("..");
        foreach (var step in parts[0].Split('[')[0].Split('.', StringSplitOptions.RemoveEmptyEntries))
        {
            at = at?["properties"]?[step] ?? at?["additionalProperties"];
        }

        return at is not null && parts.Skip(1).All(deep => HasBelow(at, deep));
    }

    private static bool HasBelow(JsonNode schema, string field) => schema["properties"] is JsonObject properties &&
        (properties.ContainsKey(field) || properties.Any(p => HasBelow(p.Value!, field)));

    private static JsonObject Version(Type kind) => Assert.Single(CrdWriter.Write(kind)["spec"]!["versions"]!.AsArray())!.AsObject();

    private static JsonObject Schema(Type kind) => Version(kind)["schema"]!["openAPIV3Schema"]!.AsObject();

    private static void AssertJson(string wanted, JsonNode? written) =>
        Assert.True(JsonNode.DeepEquals(JsonNode.Parse(wanted), written), written?.ToJsonString());

    [KubernetesEntity(Group = "kitchen.test", ApiVersion = "v2", Kind = "Cup", PluralName = "cups")]
    [CustomKind(ShortNames = ["c", "mug"], ClusterScoped = true, SpecRequired = true)]
    [PrinterColumn("Full", ".spec.full", "boolean")]
    [PrinterColumn("Drinker", ".status.drinker", Priority = 1, Description = "who has it")]
    private sealed class Cup : CustomObject<CupSpec, CupStatus>;

    [KubernetesEntity(Group = "kitchen.test", ApiVersion = "v1", Kind = "Spoon", PluralName = "spoons")]
    [CustomKind(WithoutStatus = true)]
    private sealed class Spoon : CustomObject<CupSpec, SpoonStatus>;

    private sealed class CupSpec
    {
        [JsonPropertyName("full")] public bool? Full { get; set; }
    }

    private sealed class CupStatus
    {
        [Mandatory, DefaultJson("\"nobody\""), JsonPropertyName("drinker")] public string Drinker { get; set; } = "";
    }

    private sealed class SpoonStatus;
}
