using System.Runtime.CompilerServices;
using Dpf.Helm.Charts;
using Dpf.Helm.Rendering;
using Dpf.Helm.Yaml;

namespace Dpf.Helm.Tests;

public sealed class YamlReaderTests
{
    public static TheoryData<string> OurCharts() =>
        [.. Directory.GetDirectories(Folder()).Select(d => Path.GetFileName(d)!).Order(StringComparer.Ordinal)];

    [Theory]
    [InlineData("a: 1\nb: 2\na: 3\n", """{"a":3,"b":2}""")]
    [InlineData("a: {x: 1}\na: {z: 2}\n", """{"a":{"z":2}}""")]
    [InlineData("true: 1\n\"true\": 2\n1: a\n", """{"true":2,"1":"a"}""")]
    public void OfAKeyThatIsThereTwiceTheLastOneCounts(string yaml, string expected) => Assert.Equal(expected, Json(yaml));

    [Theory]
    [InlineData("x: &x {a: 1, b: 2}\nk: {<<: *x, b: 3}\n", """{"x":{"a":1,"b":2},"k":{"a":1,"b":3}}""")]
    [InlineData("x: &x {a: 1}\nz: &z {a: 2, c: 3}\nk: {<<: [*x, *z]}\n", """{"x":{"a":1},"z":{"a":2,"c":3},"k":{"a":1,"c":3}}""")]
    [InlineData("k: {<<: {a: 1}, b: 2}\n", """{"k":{"a":1,"b":2}}""")]
    [InlineData("k: {\"<<\": 1}\n", """{"k":{"\u003C\u003C":1}}""")]
    [InlineData("x: &x [1, {a: b}]\nk: *x\n", """{"x":[1,{"a":"b"}],"k":[1,{"a":"b"}]}""")]
    public void AnchorsAndMergesBringWhatTheyName(string yaml, string expected) => Assert.Equal(expected, Json(yaml));

    [Fact]
    public void WhatAnAliasBringsIsItsOwn()
    {
        var map = YamlReader.ReadMap("x: &x {a: 1}\nk: *x\n", "test");
        Assert.NotSame(map["x"], map["k"]);
    }

    [Theory]
    [InlineData("a: 1\nb: *no\n", "line 2: test: unknown anchor 'no' referenced")]
    [InlineData("a: 1\n\n? [1]\n: 2\n", "line 3: test: a key must be a text")]
    [InlineData("a: 1\nb: {<<: 5}\n", "line 2: test: map merge requires map")]
    [InlineData("a: 1\nb: c: d\n", "line 2: test:")]
    public void AnErrorSaysWhere(string yaml, string expected) => Assert.Contains(
        expected, Assert.Throws<FormatException>(() => YamlReader.Read(yaml, "test")).Message, StringComparison.Ordinal);

    [Fact]
    public void DocumentsAreReadOneByOneAndShareNoAnchors()
    {
        Assert.Equal([1.0, null, "b"], YamlReader.ReadAll("--- 1\n---\n--- b\n", "test"));
        Assert.Empty(YamlReader.ReadAll("# nothing\n", "test"));
        Assert.Throws<FormatException>(() => YamlReader.ReadAll("--- &a 1\n--- *a\n", "test"));
    }

    [Fact]
    public void AReaderWhoWantsKeysToBeUniqueIsToldOfOneThatIsNot() => Assert.Contains(
        "line 3: test: key \"a\" already set in map",
        Assert.Throws<FormatException>(() => YamlReader.ReadMap("a: 1\nb: 2\na: 3\n", "test", uniqueKeys: true)).Message, StringComparison.Ordinal);

    // Whoever writes a key twice has lost what the first one says: Helm does not tell.
    [Theory, MemberData(nameof(OurCharts))]
    public void NoTemplateOfOursWritesAKeyTwice(string chart)
    {
        var loaded = ChartLoader.FromFolder(Path.Combine(Folder(), chart));
        var (_, texts) = ChartRenderer.Texts(loaded, new ReleaseFacts("rel", "ns"), [], Capabilities.Default);
        Assert.NotEmpty(texts);
        Assert.All(texts, t => YamlReader.ReadAll(t.Text, t.Path, uniqueKeys: true));
    }

    private static string? Json(string yaml) => JsonText.ToNode(YamlReader.Read(yaml, "test"))?.ToJsonString();

    private static string Folder([CallerFilePath] string here = "") =>
        Path.GetFullPath(Path.Combine(Path.GetDirectoryName(here)!, "../../deploy/charts/dpu-networking/charts"));
}
