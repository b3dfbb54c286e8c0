using System.Reflection;
using System.Text.RegularExpressions;
using Dpf.Provisioning.Bfbs;
using Dpf.Provisioning.DpuClusters;
using Dpf.Provisioning.Dpus;
using Dpf.Provisioning.DpuSets;
using Dpf.Provisioning.Tests.World;

namespace Dpf.Provisioning.Tests.Dpus;

/// <summary>What an object can say is explained to whoever reads it.</summary>
public sealed partial class RunbookTests
{
    [Fact]
    public void EveryReasonOfADpuIsExplained()
    {
        var sources = Directory.GetFiles(Path.Combine(ProvisioningWorld.Repository(), "src/Provisioning/Dpus"), "*.cs", SearchOption.AllDirectories);
        var reasons = sources.SelectMany(f => Reason().Matches(File.ReadAllText(f)).Select(m => m.Groups["reason"].Value))
            .Concat(PhaseTable.Way.Select(r => r.ErrorReason)).Distinct(StringComparer.Ordinal).ToList();
        Assert.True(reasons.Count > 30, string.Join(' ', reasons));
        var runbook = Read("dpu-does-not-become-ready.md");
        Assert.All(reasons, reason => Assert.Contains($"`{reason}`", runbook, StringComparison.Ordinal));
        Assert.All(PhaseTable.Way, row => Assert.Contains($"| {row.Phase} | `{row.Condition}` |", runbook, StringComparison.Ordinal));
    }

    [Fact]
    public void EveryReasonOfABfbIsExplained()
    {
        var reasons = typeof(BfbConditions).GetFields(BindingFlags.Public | BindingFlags.Static).Select(f => (string)f.GetValue(null)!).ToList();
        Assert.All(reasons, reason => Assert.Contains($"`{reason}", Read("bfb-does-not-become-ready.md"), StringComparison.Ordinal));
    }

    [Fact]
    public void EveryConditionOfADpuSetIsExplained() => Assert.All(
        (string[])[DpuSetStatusRules.Reconciled, DpuSetStatusRules.UpToDate, DpuSetStatusRules.AllReady],
        condition => Assert.Contains($"| `{condition}` |", Read("roll-out-stops.md"), StringComparison.Ordinal));

    [Fact]
    public void EveryReasonOfADpuClusterIsExplained()
    {
        var reasons = Directory.GetFiles(Path.Combine(ProvisioningWorld.Repository(), "src/Provisioning/DpuClusters"), "*.cs", SearchOption.AllDirectories)
            .SelectMany(f => ReasonOfACluster().Matches(File.ReadAllText(f)).Select(m => m.Groups["reason"].Value)).Distinct(StringComparer.Ordinal).ToList();
        Assert.True(reasons.Count > 7, string.Join(' ', reasons));
        Assert.All(reasons, reason => Assert.Contains($"`{reason}`", Read("dpu-cluster-does-not-become-ready.md"), StringComparison.Ordinal));
    }

    /// <summary>The list is the runbooks'; whoever adds a reason there adds a test that sees it.</summary>
    [Fact]
    public void EveryReasonThatIsExplainedIsSeenOnAnObjectByATest()
    {
        string[] runbooks = ["bfb-does-not-become-ready.md", "dpu-cluster-does-not-become-ready.md", "dpu-does-not-become-ready.md", "roll-out-stops.md"];
        var reasons = runbooks.SelectMany(f => ReasonInATable().Matches(Read(f)).SelectMany(m => Word().Matches(m.Groups["reasons"].Value)).Select(m => m.Value))
            .Where(w => !Conditions.Contains(w)).Distinct(StringComparer.Ordinal).ToList();
        Assert.True(reasons.Count > 50, string.Join(' ', reasons));

        // Tests with an API server: the others do not look at objects.
        var tests = string.Concat(Directory.GetFiles(Path.Combine(ProvisioningWorld.Repository(), "tests/Provisioning.Tests"), "*Tests.cs", SearchOption.AllDirectories)
            .Select(File.ReadAllText).Where(text => text.Contains("World.StartAsync(", StringComparison.Ordinal)));
        Assert.All(reasons, reason => Assert.Contains($"\"{reason}\"", tests, StringComparison.Ordinal));
    }

    private static IEnumerable<string> Conditions => PhaseTable.Way.Select(r => r.Condition)
        .Concat([DpuSetStatusRules.Reconciled, DpuSetStatusRules.UpToDate, DpuSetStatusRules.AllReady, ClusterContract.Created, ClusterContract.KeepalivedReady]);

    private static string Read(string runbook) => File.ReadAllText(Path.Combine(ProvisioningWorld.Repository(), "docs/runbooks", runbook));

    [GeneratedRegex(@"(?:Step\.(?:Wait|Fail)\(\s*|PhaseLimit\([^,]+, )""(?<reason>[A-Za-z]+)""", RegexOptions.ExplicitCapture, 1000)]
    private static partial Regex Reason();

    [GeneratedRegex(@"(?:ClusterFact|new)\(\s*ClusterContract\.\w+, false,\s*""(?<reason>[A-Za-z]+)""|ClusterContract\.Ready, (?:false, )?""(?<reason>[A-Za-z]+)""", RegexOptions.ExplicitCapture, 1000)]
    private static partial Regex ReasonOfACluster();

    // The first column, and the second where the first names a condition.
    [GeneratedRegex(@"^\|(?<reasons>( `[A-Za-z0-9]+`,?( …)?)+ \|( `[A-Za-z]+`(, `[A-Za-z]+`)* \|)?)", RegexOptions.ExplicitCapture | RegexOptions.Multiline, 1000)]
    private static partial Regex ReasonInATable();

    [GeneratedRegex("[A-Za-z0-9]+", RegexOptions.None, 1000)]
    private static partial Regex Word();
}
