using System.Text.Json.Nodes;
using Dpf.Api.Schemas;
using Dpf.Runtime.Clusters;
using Dpf.Testing;

namespace Dpf.Api.Tests;

public sealed class DefinitionTests
{
    private static readonly string Charts = Path.Combine(TestFolder.Repository, "deploy/charts");

    public static TheoryData<string> Kinds() => [.. CrdWriter.Kinds.Select(CrdWriter.Name)];

    [Theory, MemberData(nameof(Kinds))]
    public void TheCommittedDefinitionIsWhatTheTypeGives(string name)
    {
        var written = CrdWriter.Write(CrdWriter.Kinds.Single(k => CrdWriter.Name(k) == name));
        foreach (var file in Directory.GetFiles(Charts, name + ".yaml", SearchOption.AllDirectories))
        {
            Assert.True(
                JsonNode.DeepEquals(written, Read(file)),
                $"{file} differs from its type; run: dotnet run --project gen/Crds -- deploy/charts");
        }
    }

    [Fact]
    public void TheOperatorsChartInstallsEveryKindAndNoOther() => Assert.Equal(
        CrdWriter.Kinds.Select(CrdWriter.Name).Order(StringComparer.Ordinal),
        Directory.GetFiles(Path.Combine(Charts, "dpf-operator/crds")).Select(f => Path.GetFileNameWithoutExtension(f)!).Order(StringComparer.Ordinal));

    [Theory, MemberData(nameof(Kinds))]
    public void ADefinitionDiffersFromTheOriginalOnlyAsDocumented(string name)
    {
        var dot = name.IndexOf('.', StringComparison.Ordinal);
        var original = Path.Combine(References, $"{name[(dot + 1)..]}_{name[..dot]}.yaml");
        if (File.Exists(original))
        {
            var ours = CrdWriter.Write(CrdWriter.Kinds.Single(k => CrdWriter.Name(k) == name));
            var differences = DefinitionDifference.Between(Read(original), ours).ToList();
            Assert.Empty(differences.Except(Documented().Where(d => d.Kind == "*" || d.Kind == name[..dot]).Select(d => d.Path)));
            Assert.Empty(Documented().Where(d => d.Kind == name[..dot]).Select(d => d.Path).Except(differences));
        }
    }

    [Fact]
    public void EveryDocumentedDifferenceHasAReason() => Assert.All(Documented(), d => Assert.NotEmpty(d.Reason));

    private static string References => Path.GetFullPath(Path.Combine(TestFolder.Repository, "../shared/reference/crds"));

    private static JsonObject Read(string file) => Assert.Single(Manifests.Parse(File.ReadAllText(file), file));

    // The rows of the table in docs/compatibility.md: | `kind` | `path` | reason |.
    private static IEnumerable<(string Kind, string Path, string Reason)> Documented() =>
        from line in File.ReadLines(Path.Combine(TestFolder.Repository, "docs/compatibility.md"))
            .SkipWhile(l => l != "## Custom resource definitions").Skip(1).TakeWhile(l => !l.StartsWith("## ", StringComparison.Ordinal))
        let cells = line.Split('|', StringSplitOptions.TrimEntries)
        where cells.Length == 5 && cells[1].StartsWith('`')
        select (cells[1].Trim('`'), cells[2].Trim('`'), cells[3]);
}
