using System.Text.Json.Nodes;

namespace Dpf.Api.Tests;

/// <summary>The comparison itself: it sees what matters and nothing else.</summary>
public sealed class DefinitionDifferenceTests
{
    private const string Original =
        """
        {
          "metadata": {"name": "cups.kitchen.test", "annotations": {"controller-gen.kubebuilder.io/version": "v0", "helm.sh/resource-policy": "keep"}},
          "spec": {
            "group": "kitchen.test", "scope": "Namespaced",
            "names": {"kind": "Cup", "plural": "cups", "shortNames": ["a", "b"]},
            "versions": [{
              "name": "v1", "served": true, "storage": true, "subresources": {"status": {}},
              "additionalPrinterColumns": [
                {"name": "Full", "type": "string", "jsonPath": ".spec.full"},
                {"name": "Age", "type": "date", "jsonPath": ".metadata.creationTimestamp"}
              ],
              "schema": {"openAPIV3Schema": {"type": "object", "required": ["spec"], "properties": {
                "spec": {"type": "object", "description": "a cup", "required": ["a", "b"], "properties": {
                  "description": {"type": "string", "default": "none"},
                  "sizes": {"type": "array", "items": {"type": "integer", "minimum": 1}},
                  "labels": {"type": "object", "additionalProperties": {"type": "string"}},
                  "tea": {"type": "string", "enum": ["green", "black"]}
                },
                "x-kubernetes-validations": [{"rule": "one"}, {"rule": "two"}]}
              }}}
            }]
          },
          "status": {"storedVersions": null}
        }
        """;

    [Fact]
    public void ADefinitionDoesNotDifferFromItself() => Assert.Empty(Between(Original));

    [Theory]
    [InlineData("\"description\": \"a cup\", ", "")]
    [InlineData("\"controller-gen.kubebuilder.io/version\": \"v0\", ", "")]
    [InlineData("\"required\": [\"a\", \"b\"]", "\"required\": [\"b\", \"a\"]")]
    [InlineData("[\"green\", \"black\"]", "[\"black\", \"green\"]")]
    [InlineData("\"shortNames\": [\"a\", \"b\"]", "\"shortNames\": [\"b\", \"a\"]")]
    [InlineData("\"storedVersions\": null", "\"storedVersions\": [\"v1\"]")]
    public void WhatMeansNothingIsNoDifference(string from, string to) => Assert.Empty(Between(Changed(from, to)));

    [Theory]
    [InlineData("\"Namespaced\"", "\"Cluster\"", "scope", "\"Cluster\" instead of \"Namespaced\"")]
    [InlineData("\"cups.kitchen.test\"", "\"cup\"", "name", "\"cup\" instead of \"cups.kitchen.test\"")]
    [InlineData(", \"helm.sh/resource-policy\": \"keep\"", "", "annotations.helm.sh/resource-policy", "dropped \"keep\"")]
    [InlineData(", \"shortNames\": [\"a\", \"b\"]", "", "names.shortNames", "dropped [\"a\",\"b\"]")]
    [InlineData("\"name\": \"v1\"", "\"name\": \"v2\"", "version.name", "\"v2\" instead of \"v1\"")]
    [InlineData("\"served\": true", "\"served\": false", "version.served", "false instead of true")]
    [InlineData("\"subresources\": {\"status\": {}}", "\"subresources\": {}", "subresources.status", "dropped {}")]
    [InlineData("\".spec.full\"", "\".spec.empty\"", "columns[Full]", "{\"jsonPath\":\".spec.empty\",\"type\":\"string\"} instead of {\"jsonPath\":\".spec.full\",\"type\":\"string\"}")]
    [InlineData("\"required\": [\"spec\"], ", "", ":required", "dropped [\"spec\"]")]
    [InlineData("\"required\": [\"a\", \"b\"]", "\"required\": [\"a\"]", "spec:required", "[\"a\"] instead of [\"a\",\"b\"]")]
    [InlineData(", \"default\": \"none\"", "", "spec.description:default", "dropped \"none\"")]
    [InlineData("\"minimum\": 1", "\"minimum\": 1, \"maximum\": 9", "spec.sizes[]:maximum", "added 9")]
    [InlineData("\"minimum\": 1", "\"minimum\": 2", "spec.sizes[]:minimum", "2 instead of 1")]
    [InlineData("\"additionalProperties\": {\"type\": \"string\"}", "\"additionalProperties\": {\"type\": \"integer\"}", "spec.labels{}:type", "\"integer\" instead of \"string\"")]
    [InlineData("\"tea\"", "\"coffee\"", "spec.coffee", "added {\"enum\":[\"green\",\"black\"],\"type\":\"string\"}")]
    [InlineData("{\"rule\": \"one\"}, {\"rule\": \"two\"}", "{\"rule\": \"two\"}", "spec:x-kubernetes-validations", "[{\"rule\":\"two\"}] instead of [{\"rule\":\"one\"},{\"rule\":\"two\"}]")]
    public void WhatMeansSomethingIsADifference(string from, string to, string path, string what) =>
        Assert.Contains(new DefinitionDifference(path, what), Between(Changed(from, to)));

    [Fact]
    public void TheOrderOfColumnsIsADifference()
    {
        var ours = JsonNode.Parse(Original)!.AsObject();
        var columns = ours["spec"]!["versions"]![0]!["additionalPrinterColumns"]!.AsArray();
        var first = columns[0];
        columns.RemoveAt(0);
        columns.Add(first);
        Assert.Equal([new("columns", "[\"Age\",\"Full\"] instead of [\"Full\",\"Age\"]")], Between(ours.ToJsonString()));
    }

    [Fact]
    public void TheTableIsRead()
    {
        string[] lines =
        [
            "| `before` | `x` | `added 1` | outside |", "## Custom resource definitions", "| Kind | Path | What | Why |", "| --- | --- | --- | --- |",
            @"| `cups` | `spec.tea:pattern` | `dropped ""a\|b""` | Any tea will do. |", "## Next", "| `after` | `x` | `added 1` | outside |",
        ];
        Assert.Equal([new("cups", new("spec.tea:pattern", "dropped \"a|b\""), "Any tea will do.")], DocumentedDifferences.Parse(lines));
    }

    [Fact]
    public void ARowOfAnotherFormIsRefused() => Assert.Contains(
        "| `cups` | `x` | why |",
        Assert.Throws<FormatException>(() => DocumentedDifferences.Parse(["## Custom resource definitions", "| `cups` | `x` | why |"])).Message,
        StringComparison.Ordinal);

    private static string Changed(string from, string to)
    {
        Assert.Contains(from, Original, StringComparison.Ordinal);
        return Original.Replace(from, to, StringComparison.Ordinal);
    }

    private static IEnumerable<DefinitionDifference> Between(string ours) =>
        DefinitionDifference.Between(JsonNode.Parse(Original)!.AsObject(), JsonNode.Parse(ours)!.AsObject());
}
