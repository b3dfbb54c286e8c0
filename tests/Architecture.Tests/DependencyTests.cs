using System.Xml.Linq;

namespace Dpf.Architecture.Tests;

public sealed class DependencyTests
{
    private static readonly Dictionary<string, string[]> Allowed = new()
    {
        ["Api"] = [],
        ["Ovsdb"] = [],
        ["Helm"] = [],
        ["ApiServer"] = [],
        ["Cni"] = [],
        ["Runtime"] = ["Api"],
        ["Operator"] = ["Api", "Runtime"],
        ["Provisioning"] = ["Api", "Runtime"],
        ["Services"] = ["Api", "Runtime"],
        ["Chaining"] = ["Api", "Runtime", "Ovsdb"],
        ["Telemetry"] = ["Api", "Runtime", "Ovsdb"],
        ["Ovn"] = ["Api", "Runtime", "Ovsdb", "Cni"],
        ["Guide"] = ["Api", "Runtime", "Helm"],
        ["Lab"] = ["Api", "Runtime", "Helm", "Ovsdb", "ApiServer"],
    };

    public static TheoryData<string> Projects() => [.. Directory.GetDirectories(Path.Combine(Repository.Root, "src")).Select(d => Path.GetFileName(d)!)];

    [Theory, MemberData(nameof(Projects))]
    public void AProjectUsesOnlyWhatItsFloorMay(string project)
    {
        var file = XDocument.Load(Path.Combine(Repository.Root, "src", project, project + ".csproj"));
        var used = file.Descendants("ProjectReference")
            .Select(r => Path.GetFileNameWithoutExtension(r.Attribute("Include")!.Value.Replace('\\', '/')));
        if (project != "Cli")
        {
            Assert.Empty(used.Except(Allowed[project]));
        }
    }

    [Fact]
    public void NoSourceFileIsLongerThanFourHundredLines()
    {
        var long_ = Repository.Sources("src").Where(f => File.ReadLines(f).Count() > 400);
        Assert.Empty(long_.Select(f => Path.GetRelativePath(Repository.Root, f)));
    }

    [Fact]
    public void PlanningDoesNotUseApplying()
    {
        var guilty = Repository.Sources("src")
            .Where(f => f.Contains("/Planning/", StringComparison.Ordinal) && File.ReadAllText(f).Contains(".Applying", StringComparison.Ordinal));
        Assert.Empty(guilty);
    }
}
