using System.Text.Json.Nodes;
using Dpf.Helm.Charts;
using Dpf.Helm.Rendering;

namespace Dpf.Helm.Tests;

public sealed class EnabledChartsTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("dpf-helm-").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public void AChartIsOffByItsOwnDefaultUntilTheUserTurnsItOn()
    {
        Add("", "dependencies: [{name: redis, version: 0.1.0, condition: redis.enabled}]", "");
        Add("charts/redis/", "", "enabled: false");
        Assert.Equal("", On("{}"));
        Assert.Equal("redis", On("""{"redis": {"enabled": true}}"""));

        // A null deletes the default, and with it the answer.
        Assert.Equal("redis", On("""{"redis": {"enabled": null}}"""));
    }

    [Fact]
    public void AnAliasHasTheDefaultsOfItsChart()
    {
        Add("", "dependencies: [{name: redis, version: 0.1.0, alias: a, condition: a.enabled}, {name: redis, version: 0.1.0, alias: b, condition: b.enabled}]", "");
        Add("charts/redis/", "", "enabled: false");
        Assert.Equal("b", On("""{"b": {"enabled": true}}"""));
    }

    [Theory]
    [InlineData("{}", "sub")]
    [InlineData("""{"global": {"c": {"enabled": true}}}""", "c sub")]
    [InlineData("""{"sub": {"global": {"c": {"enabled": true}}}}""", "sub")]
    public void AConditionOfASubchartSeesTheGlobalsOfThoseAbove(string values, string on)
    {
        Add("", "dependencies: [{name: sub, version: 0.1.0}]", "global: {c: {enabled: false}}");
        Add("charts/sub/", "dependencies: [{name: c, version: 0.1.0, condition: global.c.enabled}]", "");
        Add("charts/sub/charts/c/", "", "");
        Assert.Equal(on, On(values));
    }

    [Fact]
    public void ANullForADefaultOfAGrandchildReachesIt()
    {
        Add("", "dependencies: [{name: sub, version: 0.1.0}]", "");
        Add("charts/sub/", "dependencies: [{name: c, version: 0.1.0, condition: c.enabled}]", "");
        Add("charts/sub/charts/c/", "", "enabled: false");
        Assert.Equal("sub", On("{}"));
        Assert.Equal("c sub", On("""{"sub": {"c": {"enabled": null}}}"""));
    }

    [Fact]
    public void TagsOfTheTopCountAllTheWayDownOverThoseOfASubchart()
    {
        Add("", "dependencies: [{name: sub, version: 0.1.0}]", "");
        Add("charts/sub/", "dependencies: [{name: c, version: 0.1.0, tags: [extra]}]", "tags: {extra: false}");
        Add("charts/sub/charts/c/", "", "");
        Assert.Equal("sub", On("{}"));
        Assert.Equal("c sub", On("""{"tags": {"extra": true}}"""));
    }

    /// <summary>The charts below the top one that give objects; as many must give CRDs.</summary>
    private string On(string values)
    {
        var chart = ChartLoader.FromFolder(_folder);
        var given = JsonNode.Parse(values)!.AsObject();
        var rendered = ChartRenderer.Render(chart, new ReleaseFacts("r", "ns"), given, Capabilities.Default);
        Assert.Equal(rendered.Objects.Count, ChartRenderer.Crds(chart, given).Count);
        return string.Join(' ', rendered.Objects.Select(o => o.Name).Where(n => n != "top").Order(StringComparer.Ordinal));
    }

    private void Add(string path, string dependencies, string values)
    {
        var name = path.Length == 0 ? "top" : Path.GetFileName(path.TrimEnd('/'));
        Write(path + "Chart.yaml", $"name: {name}\nversion: 0.1.0\n{dependencies}\n");
        Write(path + "values.yaml", values + "\n");
        Write(path + "templates/x.yaml", "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: {{ .Chart.Name }}}\n");
        Write(path + "crds/x.yaml", $"apiVersion: apiextensions.k8s.io/v1\nkind: CustomResourceDefinition\nmetadata: {{name: {name}}}\n");
    }

    private void Write(string path, string text)
    {
        var file = Path.Combine(_folder, path);
        Directory.CreateDirectory(Path.GetDirectoryName(file)!);
        File.WriteAllText(file, text);
    }
}
