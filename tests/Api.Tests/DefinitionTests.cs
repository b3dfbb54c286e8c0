using System.Text.Json.Nodes;
using Dpf.Api.Schemas;
using Dpf.Crds;
using Dpf.Runtime.Clusters;
using Dpf.Testing;

namespace Dpf.Api.Tests;

/// <summary>The committed CustomResourceDefinitions: what the types give, and what the original says.</summary>
public sealed class DefinitionTests
{
    private static readonly string Charts = Path.Combine(TestFolder.Repository, "deploy/charts");
    private static readonly string Reference = Path.GetFullPath(Path.Combine(TestFolder.Repository, "../shared/reference/crds"));

    /// <summary>The original's own kinds; those of the network come from elsewhere.</summary>
    private static IEnumerable<string> OwnKinds =>
        CrdFiles.All().Where(f => f.Path.StartsWith(CrdFiles.Management + "/", StringComparison.Ordinal))
            .Select(f => Path.GetFileNameWithoutExtension(f.Path));

    public static TheoryData<string> Kinds() => [.. OwnKinds];

    public static TheoryData<string> Written() => [.. CrdFiles.All().Select(f => f.Path)];

    [Theory, MemberData(nameof(Written))]
    public void TheCommittedFileIsWhatTheTypesGive(string path)
    {
        var file = Path.Combine(Charts, path);
        Assert.True(File.Exists(file), $"{file} is missing; run: dotnet run --project gen/Crds -- deploy/charts");
        Assert.Equal(CrdFiles.All().Single(f => f.Path == path).Text, File.ReadAllText(file));
    }

    [Theory, InlineData(CrdFiles.Management), InlineData(CrdFiles.DpuCluster), InlineData(CrdFiles.Network)]
    public void NoFileIsLeftOfAKindThatIsNoMore(string folder) => Assert.Equal(
        CrdFiles.All().Select(f => f.Path).Where(p => p.StartsWith(folder + "/", StringComparison.Ordinal)).Order(StringComparer.Ordinal),
        Directory.GetFiles(Path.Combine(Charts, folder)).Select(f => Path.GetRelativePath(Charts, f)).Order(StringComparer.Ordinal));

    [Theory, MemberData(nameof(Kinds))]
    public void ADefinitionDiffersFromTheOriginalExactlyAsDocumented(string name)
    {
        var dot = name.IndexOf('.', StringComparison.Ordinal);
        var (plural, group) = (name[..dot], name[(dot + 1)..]);
        if (!Directory.Exists(Reference))
        {
            TestContext.Current.TestOutputHelper?.WriteLine($"not compared: the original definitions are not at hand in {Reference}");
            return;
        }

        var original = Path.Combine(Reference, $"{group}_{plural}.yaml");
        Assert.True(File.Exists(original), $"the original has no definition {original}");
        var found = DefinitionDifference.Between(Read(original), Read(Path.Combine(Charts, CrdFiles.Management, name + ".yaml"))).ToList();
        var documented = DocumentedDifferences.Read().Where(d => d.Kind == plural).Select(d => d.Difference).ToList();
        Assert.True(!found.Except(documented).Any(), "not in docs/compatibility.md:\n" + Rows(plural, found.Except(documented)));
        Assert.True(!documented.Except(found).Any(), "in docs/compatibility.md, but not so:\n" + Rows(plural, documented.Except(found)));
    }

    [Fact]
    public void EveryDefinitionOfTheOriginalIsOurs()
    {
        if (Directory.Exists(Reference))
        {
            var originals = Directory.GetFiles(Reference, "*.yaml").Select(f => Path.GetFileNameWithoutExtension(f)!.Split('_')).Select(p => $"{p[1]}.{p[0]}");
            Assert.Equal(originals.Order(StringComparer.Ordinal), OwnKinds.Order(StringComparer.Ordinal));
        }
    }

    [Fact]
    public void EveryDocumentedDifferenceIsOfAKindOfOursAndHasAReason()
    {
        var plurals = CrdWriter.Kinds.Select(k => CrdWriter.Name(k).Split('.')[0]).ToList();
        Assert.All(DocumentedDifferences.Read(), d =>
        {
            Assert.Contains(d.Kind, plurals);
            Assert.NotEmpty(d.Why);
        });
        Assert.Equal(DocumentedDifferences.Read().Count, DocumentedDifferences.Read().Select(d => (d.Kind, d.Difference.Path)).Distinct().Count());
    }

    /// <summary>What users of kubectl expect of a list: that it is in <c>kubectl get dpf</c>, how old things are, and whether and why not they work.</summary>
    [Theory, MemberData(nameof(Kinds))]
    public void AListSaysWhatUsersLookFor(string name)
    {
        var spec = Read(Path.Combine(Charts, CrdFiles.Management, name + ".yaml"))["spec"]!;
        Assert.Contains("dpf", spec["names"]!["categories"]!.AsArray().Select(c => (string?)c));
        var version = Assert.Single(spec["versions"]!.AsArray())!;
        var columns = version["additionalPrinterColumns"]!.AsArray().Select(c => ((string)c!["name"]!, (string)c["jsonPath"]!)).ToList();
        Assert.Contains(("Age", ".metadata.creationTimestamp"), columns);
        if (version["schema"]!["openAPIV3Schema"]!["properties"]!["status"]?["properties"] is JsonObject status && status.ContainsKey("conditions"))
        {
            Assert.Contains("observedGeneration", status.Select(f => f.Key));
            Assert.Equal(["Ready", "Phase"], columns.Take(2).Select(c => c.Item1));
            Assert.Equal(("Ready", ".status.conditions[?(@.type=='Ready')].status"), columns[0]);
            Assert.Equal(status.ContainsKey("phase") ? ".status.phase" : ".status.conditions[?(@.type=='Ready')].reason", columns[1].Item2);
            Assert.Contains(("Message", ".status.conditions[?(@.type=='Ready')].message"), columns);
        }
    }

    private static JsonObject Read(string file) => Assert.Single(Manifests.Parse(File.ReadAllText(file), file));

    private static string Rows(string plural, IEnumerable<DefinitionDifference> differences) => string.Join('\n', differences.Select(
        d => $"| `{plural}` | `{d.Path}` | `{d.What.Replace("|", "\\|", StringComparison.Ordinal)}` | why? |"));
}
