using System.Text.Json.Nodes;
using Dpf.Helm.Charts;
using Dpf.Helm.Rendering;
using Dpf.Testing;

namespace Dpf.Helm.Tests;

/// <summary>A folder of <c>cases/charts</c> is a chart, a user's values, and the manifest that they give.</summary>
public sealed class ChartCaseTests
{
    public static TheoryData<string> Cases() =>
        [.. Directory.GetDirectories(TestFolder.Beside("cases/charts")).Select(d => Path.GetFileName(d)!).Order(StringComparer.Ordinal)];

    [Theory, MemberData(nameof(Cases))]
    public void AChartGivesItsManifest(string name)
    {
        var folder = TestFolder.Beside($"cases/charts/{name}");
        var values = ValuesFile.Parse(File.ReadAllText($"{folder}/values.yaml"), "values.yaml");
        var rendered = ChartRenderer.Render(
            ChartLoader.FromFolder($"{folder}/chart"), new ReleaseFacts("rel", "space"), values, Capabilities.Default, Lookup);
        Assert.Equal(File.ReadAllText($"{folder}/expected.yaml"), rendered.Manifest);
        if (File.Exists($"{folder}/expected-rest.txt"))
        {
            Assert.Equal(File.ReadAllText($"{folder}/expected-rest.txt"), Rest(rendered));
        }
    }

    private static JsonObject? Lookup(string apiVersion, string kind, string ns, string name) =>
        (apiVersion, kind, ns, name) == ("v1", "Secret", "space", "known") ? new JsonObject { ["data"] = new JsonObject { ["k"] = "v" } } : null;

    private static string Rest(RenderedChart rendered) => string.Concat(rendered.Hooks
        .Select(h => $"hook {h.Weight} {h.Object.Name} on {string.Join(' ', h.Events)}, deleted on {string.Join(' ', h.DeletePolicies)}")
        .Concat(rendered.Crds.Select(c => $"crd {c["metadata"]!["name"]}"))
        .Append($"notes {rendered.Notes.Trim()}")
        .Select(line => line + "\n"));
}
