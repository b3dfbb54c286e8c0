using System.Text.Json.Nodes;
using System.Text.Json.Serialization;
using Dpf.Api.Schemas;
using k8s.Models;

namespace Dpf.Api.Tests.Schemas;

/// <summary>The schema of a C# type: one property a case, of a type of its own.</summary>
public sealed class SchemaOfTypeTests
{
    [Theory]
    [InlineData("text", """{"type": "string"}""")]
    [InlineData("flag", """{"type": "boolean"}""")]
    [InlineData("optionalFlag", """{"type": "boolean"}""")]
    [InlineData("number", """{"type": "integer"}""")]
    [InlineData("long", """{"type": "integer", "format": "int64"}""")]
    [InlineData("time", """{"type": "string", "format": "date-time"}""")]
    [InlineData("numberOrPercentage", """{"x-kubernetes-int-or-string": true, "anyOf": [{"type": "integer"}, {"type": "string"}]}""")]
    [InlineData("anyObject", """{"type": "object", "x-kubernetes-preserve-unknown-fields": true}""")]
    [InlineData("anyNode", """{"type": "object", "x-kubernetes-preserve-unknown-fields": true}""")]
    [InlineData("texts", """{"type": "array", "items": {"type": "string"}}""")]
    [InlineData("map", """{"type": "object", "additionalProperties": {"type": "string"}}""")]
    [InlineData("listsByName", """{"type": "object", "additionalProperties": {"type": "array", "items": {"type": "integer"}}}""")]
    [InlineData("inner", """{"type": "object", "properties": {"size": {"type": "integer"}}, "required": ["size"]}""")]
    [InlineData("inners", """{"type": "array", "items": {"type": "object", "properties": {"size": {"type": "integer"}}, "required": ["size"]}}""")]
    public void ATypeBecomesASchema(string property, string schema) => AssertSchema(typeof(Types), property, schema);

    [Theory]
    [InlineData("withDefault", """{"type": "boolean", "default": true}""")]
    [InlineData("withObjectDefault", """{"type": "object", "additionalProperties": {"type": "string"}, "default": {"a": "b"}}""")]
    [InlineData("choice", """{"type": "string", "enum": ["b", "a"]}""")]
    [InlineData("pattern", """{"type": "string", "pattern": "^a|b$"}""")]
    [InlineData("format", """{"type": "string", "format": "date-time"}""")]
    [InlineData("range", """{"type": "integer", "minimum": 0, "maximum": 9}""")]
    [InlineData("least", """{"type": "integer", "minimum": 1}""")]
    [InlineData("length", """{"type": "string", "minLength": 1, "maxLength": 63}""")]
    [InlineData("count", """{"type": "array", "items": {"type": "string"}, "minItems": 1, "maxItems": 50}""")]
    [InlineData("entries", """{"type": "object", "additionalProperties": {"type": "string"}, "minProperties": 1, "maxProperties": 50}""")]
    [InlineData("rules", """{"type": "string", "x-kubernetes-validations": [{"message": "is short", "rule": "size(self) < 9"}]}""")]
    [InlineData("ruled", """
        {"type": "object", "properties": {}, "x-kubernetes-validations": [
          {"message": "of the class", "rule": "has(self.a)"}, {"message": "of the property", "rule": "self == oldSelf"}]}
        """)]
    [InlineData("keyed", """
        {"type": "array", "items": {"type": "object", "properties": {"size": {"type": "integer"}}, "required": ["size"]},
         "x-kubernetes-list-type": "map", "x-kubernetes-list-map-keys": ["size"]}
        """)]
    [InlineData("open", """{"type": "object", "properties": {}, "x-kubernetes-preserve-unknown-fields": true}""")]
    public void AnAttributeBecomesAKeyword(string property, string schema) => AssertSchema(typeof(Attributes), property, schema);

    [Fact]
    public void QuantitiesAreNumbersOrTextsOfTheirForm()
    {
        var values = Properties(typeof(Attributes))["quantities"]!["additionalProperties"]!;
        Assert.True((bool)values["x-kubernetes-int-or-string"]!);
        Assert.All(["1", "0.5", "12Gi", "100m", "-1e3"], q => Assert.Matches((string)values["pattern"]!, q));
        Assert.All(["", "a", "1 Gi", "1GiB"], q => Assert.DoesNotMatch((string)values["pattern"]!, q));
    }

    [Fact]
    public void ConditionsAreTheOnesOfKubernetes()
    {
        var condition = Properties(typeof(Types))["conditions"]!["items"]!;
        Assert.Equal(
            ["lastTransitionTime", "message", "observedGeneration", "reason", "status", "type"],
            condition["properties"]!.AsObject().Select(p => p.Key).Order(StringComparer.Ordinal));
        Assert.Equal(["True", "False", "Unknown"], condition["properties"]!["status"]!["enum"]!.AsArray().Select(v => (string)v!));
        Assert.DoesNotContain("observedGeneration", condition["required"]!.AsArray().Select(v => (string)v!));
    }

    [Theory, InlineData("selector", "matchLabels"), InlineData("nodes", "nodeSelectorTerms")]
    public void SelectorsAreReplacedAsAWhole(string property, string field)
    {
        var selector = Properties(typeof(Types))[property]!;
        Assert.Equal("atomic", (string?)selector["x-kubernetes-map-type"]);
        Assert.NotNull(selector["properties"]![field]);
    }

    [Fact]
    public void FieldsAreInOrderSoThatRegeneratingChangesNothing()
    {
        var names = Properties(typeof(Types)).Select(p => p.Key).ToList();
        Assert.Equal(names.Order(StringComparer.Ordinal), names);
    }

    [Fact]
    public void AFieldWithoutANameIsRefused() => Assert.Contains(
        "Nameless.Lost", Assert.Throws<InvalidOperationException>(() => SchemaOfType.OfClass(typeof(Nameless))).Message, StringComparison.Ordinal);

    [Fact]
    public void AStatusDefaultsToItsMandatoryFieldsWithADefault()
    {
        Assert.Equal("""{"phase":"New"}""", SchemaOfType.DefaultOf(typeof(Phased))!.ToJsonString());
        Assert.Null(SchemaOfType.DefaultOf(typeof(Attributes)));
    }

    private static JsonObject Properties(Type type) => SchemaOfType.OfClass(type)["properties"]!.AsObject();

    private static void AssertSchema(Type type, string property, string schema)
    {
        var written = Properties(type)[property];
        Assert.True(JsonNode.DeepEquals(JsonNode.Parse(schema), written), written?.ToJsonString());
    }

    private sealed class Inner
    {
        [Mandatory, JsonPropertyName("size")] public int Size { get; set; }
    }

    [CelRule("has(self.a)", "of the class")]
    private sealed class Ruled;

    [PreserveUnknown]
    private sealed class Open;

    private sealed class Nameless
    {
        public string? Lost { get; set; }
    }

    private sealed class Phased
    {
        [Mandatory, DefaultJson("\"New\""), JsonPropertyName("phase")] public string Phase { get; set; } = "";
        [DefaultJson("1"), JsonPropertyName("optional")] public int? Optional { get; set; }
        [Mandatory, JsonPropertyName("noDefault")] public string NoDefault { get; set; } = "";
    }

    private sealed class Types
    {
        [JsonPropertyName("text")] public string? Text { get; set; }
        [JsonPropertyName("flag")] public bool Flag { get; set; }
        [JsonPropertyName("optionalFlag")] public bool? OptionalFlag { get; set; }
        [JsonPropertyName("number")] public int? Number { get; set; }
        [JsonPropertyName("long")] public long? Long { get; set; }
        [JsonPropertyName("time")] public DateTime? Time { get; set; }
        [JsonPropertyName("numberOrPercentage")] public JsonNode? NumberOrPercentage { get; set; }
        [JsonPropertyName("anyObject")] public JsonObject? AnyObject { get; set; }
        [PreserveUnknown, JsonPropertyName("anyNode")] public JsonNode? AnyNode { get; set; }
        [JsonPropertyName("texts")] public IList<string>? Texts { get; set; }
        [JsonPropertyName("map")] public Dictionary<string, string>? Map { get; set; }
        [JsonPropertyName("listsByName")] public Dictionary<string, IList<int>>? ListsByName { get; set; }
        [JsonPropertyName("inner")] public Inner? Inner { get; set; }
        [JsonPropertyName("inners")] public IList<Inner>? Inners { get; set; }
        [JsonPropertyName("conditions")] public IList<V1Condition>? Conditions { get; set; }
        [JsonPropertyName("selector")] public V1LabelSelector? Selector { get; set; }
        [JsonPropertyName("nodes")] public V1NodeSelector? Nodes { get; set; }
    }

    private sealed class Attributes
    {
        [DefaultJson("true"), JsonPropertyName("withDefault")] public bool? WithDefault { get; set; }
        [DefaultJson("{\"a\": \"b\"}"), JsonPropertyName("withObjectDefault")] public Dictionary<string, string>? WithObjectDefault { get; set; }
        [OneOf("b", "a"), JsonPropertyName("choice")] public string? Choice { get; set; }
        [Pattern("^a|b$"), JsonPropertyName("pattern")] public string? Pattern { get; set; }
        [Format("date-time"), JsonPropertyName("format")] public string? Format { get; set; }
        [Bounds(0, 9), JsonPropertyName("range")] public int? Range { get; set; }
        [Bounds(1), JsonPropertyName("least")] public int? Least { get; set; }
        [Bounds(1, 63), JsonPropertyName("length")] public string? Length { get; set; }
        [Bounds(1, 50), JsonPropertyName("count")] public IList<string>? Count { get; set; }
        [Bounds(1, 50), JsonPropertyName("entries")] public Dictionary<string, string>? Entries { get; set; }
        [CelRule("size(self) < 9", "is short"), JsonPropertyName("rules")] public string? Rules { get; set; }
        [CelRule("self == oldSelf", "of the property"), JsonPropertyName("ruled")] public Ruled? Ruled { get; set; }
        [ListMap("size"), JsonPropertyName("keyed")] public IList<Inner>? Keyed { get; set; }
        [JsonPropertyName("open")] public Open? Open { get; set; }
        [Quantities, JsonPropertyName("quantities")] public Dictionary<string, JsonNode>? Quantities { get; set; }
    }
}
