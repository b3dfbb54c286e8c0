using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using Dpf.Cli.Composition;
using Dpf.Guide.Commands;
using Dpf.Guide.Variables;
using Dpf.Helm.Charts;
using Dpf.Helm.Rendering;
using Dpf.Testing;

namespace Dpf.Cli.Tests;

public sealed partial class CompositionTests
{
    private static readonly string[] Places = ["deploy/charts", "deploy/stand-ins", "src/Operator/Manifests", "src/Provisioning", "src/Lab/Addons"];

    private static readonly string[] Folders = [Path.Combine(TestFolder.Repository, "deploy/charts"), Path.Combine(TestFolder.Repository, "deploy/stand-ins")];

    public static TheoryData<string> Charts() =>
        [.. Folders.SelectMany(Directory.GetDirectories).Select(d => Path.GetFileName(d)!).Order(StringComparer.Ordinal)];

    [Fact]
    public void WhatAContainerRunsIsThere()
    {
        var known = ComponentTable.Standalone.Keys
            .Concat(Lab.Addons.Components.With(new ApiServerLauncher(), new ApplicationCharts(null!)).Keys).ToHashSet(StringComparer.Ordinal);
        var wanted = Places.SelectMany(p => Directory.GetFiles(Path.Combine(TestFolder.Repository, p), "*", SearchOption.AllDirectories))
            .SelectMany(f => Command().Matches(File.ReadAllText(f)).Select(m => m.Groups["name"].Value)).Distinct().ToList();
        Assert.True(wanted.Count > 30, string.Join(' ', wanted));
        Assert.Empty(wanted.Except(known));
    }

    [Theory, MemberData(nameof(Charts))]
    public void AChartRendersWithTheGuidesValuesOrItsOwn(string name)
    {
        var guide = Directory.GetFiles(Path.Combine(TestFolder.Repository, "deploy/guides"), "*.yml", SearchOption.AllDirectories)
            .Where(f => name.StartsWith(Path.GetFileNameWithoutExtension(f), StringComparison.Ordinal)).Order(StringComparer.Ordinal).ToList();
        var variables = GuideVariables.Definitions.ToDictionary(v => v.Name, v => v.Default ?? "10.0.110.1");
        foreach (var values in guide.Count == 0 ? [new JsonObject()] : guide.Select(f => ValuesFile.Parse(ShellLine.Substitute(File.ReadAllText(f), variables), f)))
        {
            var rendered = ChartRenderer.Render(
                PackedChart.Load(name), new ReleaseFacts("rel", "ns"), values, Capabilities.Default);
            Assert.All(rendered.Objects, o => Assert.NotEmpty(o.Name));
            Assert.Equal(rendered.Objects.Count, rendered.Objects.Select(o => (o.ApiVersion, o.Kind, o.Namespace, o.Name)).Distinct().Count());
        }
    }

    [GeneratedRegex("""(dpf, run, |"dpf", "run", "|"run" \(list ")(?<name>[a-z][a-z0-9-]*)""")]
    private static partial Regex Command();
}
