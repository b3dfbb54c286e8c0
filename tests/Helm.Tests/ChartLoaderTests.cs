using System.Formats.Tar;
using System.IO.Compression;
using System.Text;
using System.Text.Json.Nodes;
using Dpf.Helm.Charts;
using Dpf.Helm.Rendering;
using Dpf.Helm.Templates;

namespace Dpf.Helm.Tests;

public sealed class ChartLoaderTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("dpf-helm-").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public void AnArchiveGivesWhatItsFolderGives()
    {
        Write("Chart.yaml", "apiVersion: v2\nname: c\nversion: 0.1.0\ndependencies: [{name: sub, version: 1.x}]\n");
        Write("values.yaml", "\uFEFFa: 1\n");
        Write("templates/x.yaml", "kind: A\napiVersion: v1\nmetadata: {name: {{ .Values.a }}-{{ .Values.sub.b }}}\n");
        Write("charts/sub/Chart.yaml", "name: sub\nversion: 1.4.0\n");
        Write("charts/sub/values.yaml", "b: 2\n");
        Write("charts/_ignored/Chart.yaml", "nonsense");
        var fromFolder = Render(ChartLoader.FromFolder(_folder));
        var fromArchive = Render(ChartLoader.FromArchive(Archives.Of(_folder, "c"), "c.tgz"));
        Assert.Contains("name: 1-2", fromFolder.Manifest, StringComparison.Ordinal);
        Assert.Equal(fromFolder.Manifest, fromArchive.Manifest);
    }

    [Fact]
    public void ASubchartMayBeAnArchive()
    {
        Write("sub/Chart.yaml", "name: sub\nversion: 1.4.0\n");
        Write("chart/Chart.yaml", "name: c\nversion: 0.1.0\ndependencies: [{name: sub, version: \">=1\"}]\n");
        using (var archive = Archives.Of(Path.Combine(_folder, "sub"), "sub"))
        {
            Write("chart/charts/sub-1.4.0.tgz", archive.ToArray());
        }

        Assert.Equal("1.4.0", Assert.Single(ChartLoader.FromFolder(Path.Combine(_folder, "chart")).Dependencies).Metadata.Version);
    }

    [Fact]
    public void ADependencyWithAFileAddressIsReadFromThere()
    {
        Write("sub/Chart.yaml", "name: sub\nversion: 1.4.0\n");
        Write("chart/Chart.yaml", "name: c\nversion: 0.1.0\ndependencies: [{name: sub, version: 1.4.0, repository: file://../sub}]\n");
        Assert.Single(ChartLoader.FromFolder(Path.Combine(_folder, "chart")).Dependencies);
    }

    [Theory]
    [InlineData(null, "Chart.yaml file is missing")]
    [InlineData("version: 1.0.0\n", "chart.metadata.name is required")]
    [InlineData("name: c\n", "chart.metadata.version is required")]
    [InlineData("name: c\nversion: 1\ndependencies: [{name: sub, version: 1}]\n", "found in Chart.yaml, but missing in charts/ directory: sub")]
    [InlineData("name: [\n", "line")]
    public void WhatIsNoChartIsRefusedWithItsReason(string? chartYaml, string reason)
    {
        if (chartYaml is not null)
        {
            Write("Chart.yaml", chartYaml);
        }

        var failure = Assert.Throws<ChartException>(() => ChartLoader.FromFolder(_folder));
        Assert.Contains(reason, failure.Message, StringComparison.Ordinal);
        Assert.Contains(_folder, failure.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void SomethingElseIsNoArchive()
    {
        using var text = new MemoryStream("kind: Chart"u8.ToArray());
        Assert.Contains("x.tgz: no chart archive", Assert.Throws<ChartException>(() => ChartLoader.FromArchive(text, "x.tgz")).Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("a: {{ .Values.nope.deep }}", "template: c/templates/x.yaml:1:13:")]
    [InlineData("\na: {{ if }}", "template: c/templates/x.yaml:2: missing value for if")]
    [InlineData("a: {{ required \"set a\" .Values.a }}", "execution error at (c/templates/x.yaml:1:6): set a")]
    [InlineData("a: b: c", "YAML parse error on c/templates/x.yaml:")]
    [InlineData("a: 1", "c/templates/x.yaml: a manifest needs apiVersion and kind")]
    [InlineData("apiVersion: v1\nkind: Pod", "c/templates/x.yaml: Pod has no metadata.name")]
    public void AnErrorNamesTheFile(string template, string beginning)
    {
        Write("Chart.yaml", "name: c\nversion: 0.1.0\n");
        Write("templates/x.yaml", template);
        var failure = Assert.ThrowsAny<Exception>(() => Render(ChartLoader.FromFolder(_folder)));
        Assert.True(failure is ChartException or TemplateException);
        Assert.StartsWith(beginning, failure.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void AChartForAnotherKubernetesOrALibraryIsNotRendered()
    {
        Write("Chart.yaml", "name: c\nversion: 0.1.0\nkubeVersion: \"<1.20\"\n");
        Assert.Contains("incompatible with Kubernetes", Assert.Throws<ChartException>(() => Render(ChartLoader.FromFolder(_folder))).Message, StringComparison.Ordinal);
        Write("Chart.yaml", "name: c\nversion: 0.1.0\ntype: library\n");
        Assert.Contains("not installable", Assert.Throws<ChartException>(() => Render(ChartLoader.FromFolder(_folder))).Message, StringComparison.Ordinal);
    }

    private static RenderedChart Render(Chart chart) => ChartRenderer.Render(chart, new ReleaseFacts("r", "ns"), new JsonObject(), Capabilities.Default);

    private void Write(string path, string text) => Write(path, Encoding.UTF8.GetBytes(text));

    private void Write(string path, byte[] content)
    {
        var file = Path.Combine(_folder, path);
        Directory.CreateDirectory(Path.GetDirectoryName(file)!);
        File.WriteAllBytes(file, content);
    }
}

/// <summary>Packs charts.</summary>
internal static class Archives
{
    /// <summary>A chart's folder as <c>helm package</c> packs it.</summary>
    public static MemoryStream Of(string folder, string name)
    {
        var archive = new MemoryStream();
        using (var gzip = new GZipStream(archive, CompressionLevel.Fastest, leaveOpen: true))
        using (var tar = new TarWriter(gzip, TarEntryFormat.Ustar))
        {
            foreach (var file in Directory.GetFiles(folder, "*", SearchOption.AllDirectories).Order(StringComparer.Ordinal))
            {
                tar.WriteEntry(file, name + "/" + Path.GetRelativePath(folder, file));
            }
        }

        archive.Position = 0;
        return archive;
    }
}
