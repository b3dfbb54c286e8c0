using Dpf.Runtime.Clusters;

namespace Dpf.Runtime.Tests.Clusters;

public sealed class ManifestsTests
{
    [Theory]
    [InlineData("0644", "420")]
    [InlineData("0x1F", "31")]
    [InlineData("0o17", "15")]
    [InlineData("\"0644\"", "\"0644\"")]
    [InlineData("0", "0")]
    [InlineData("089", "89")]
    [InlineData("-5", "-5")]
    [InlineData("1.5", "1.5")]
    [InlineData("1e3", "1000")]
    [InlineData("1.2.3", "\"1.2.3\"")]
    [InlineData("10Gi", "\"10Gi\"")]
    [InlineData("true", "true")]
    [InlineData("yes", "true")]
    [InlineData("'yes'", "\"yes\"")]
    [InlineData("off", "false")]
    [InlineData("~", "null")]
    [InlineData("", "null")]
    [InlineData("NaN", "\"NaN\"")]
    [InlineData("{a: [1, b]}", """{"a":[1,"b"]}""")]
    [InlineData("|\n  two\n  lines\n", "\"two\\nlines\\n\"")]
    public void AScalarIsReadAsKubectlReadsIt(string yaml, string json)
    {
        var value = Manifests.Parse($"apiVersion: v1\nkind: A\nmetadata: {{name: a}}\nv: {yaml}", "test")[0]["v"];
        Assert.Equal(json, value?.ToJsonString() ?? "null");
    }

    [Fact]
    public void EmptyDocumentsAreNothing() =>
        Assert.Equal(["a", "b"], Manifests.Parse("---\n# nothing\n---\n" + Named("a") + "---\n---\n" + Named("b"), "test").Select(o => (string)o["metadata"]!["name"]!));

    [Theory]
    [InlineData("a: }", "file.yaml:1: ")]
    [InlineData("---\n\nkind: A\n", "file.yaml:3: a Kubernetes object needs apiVersion, kind and metadata.name")]
    [InlineData("just text", "file.yaml:1: a Kubernetes object needs")]
    public void WhatIsNoObjectIsRefusedWithItsPlace(string yaml, string beginning) =>
        Assert.StartsWith(beginning, Assert.Throws<FormatException>(() => Manifests.Parse(yaml, "file.yaml")).Message, StringComparison.Ordinal);

    private static string Named(string name) => $"apiVersion: v1\nkind: A\nmetadata: {{name: {name}}}\n";
}
