using System.Reflection;
using System.Text.RegularExpressions;
using Dpf.Provisioning.Bfbs;
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

    private static string Read(string runbook) => File.ReadAllText(Path.Combine(ProvisioningWorld.Repository(), "docs/runbooks", runbook));

    [GeneratedRegex(@"(?:Step\.(?:Wait|Fail)\(\s*|PhaseLimit\([^,]+, )""(?<reason>[A-Za-z]+)""", RegexOptions.ExplicitCapture, 1000)]
    private static partial Regex Reason();
}
