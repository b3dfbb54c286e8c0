using System.Runtime.CompilerServices;
using System.Text.RegularExpressions;

namespace Dpf.Services.Tests;

/// <summary>What the runbook explains is what objects say.</summary>
public sealed partial class RunbookTests
{
    /// <summary>The list is the runbook's; whoever adds a row adds a test that sees it on an object.</summary>
    [Fact]
    public void EveryReasonThatIsExplainedIsSeenOnAnObjectByATest()
    {
        var rows = Row().Matches(File.ReadAllText(Path.Combine(Repository(), "docs/runbooks/service-does-not-become-ready.md")))
            .SelectMany(m => Word().Matches(m.Groups["conditions"].Value).Select(c => (Condition: c.Value, Reason: m.Groups["reason"].Value))).ToList();
        Assert.True(rows.Count > 40, $"{rows.Count}");
        var seen = ((string[])["tests/Services.Tests", "tests/Chaining.Tests"])
            .SelectMany(folder => Directory.GetFiles(Path.Combine(Repository(), folder), "*.cs", SearchOption.AllDirectories))
            .SelectMany(file => Look().Matches(File.ReadAllText(file)).Select(m => (Condition: m.Groups["condition"].Value, Reason: m.Groups["reason"].Value)))
            .ToHashSet();

        // Tests of several kinds put a condition's name together from the kind's and its end.
        Assert.All(rows, row => Assert.Contains(seen, s => s.Reason == row.Reason && row.Condition.EndsWith(s.Condition, StringComparison.Ordinal)));
    }

    private static string Repository([CallerFilePath] string here = "") => Path.GetFullPath(Path.Combine(Path.GetDirectoryName(here)!, "../.."));

    [GeneratedRegex(@"^\| (?<conditions>`[A-Za-z]+`(, `[A-Za-z]+`)*) \| `(?<reason>[A-Za-z]+)` \|", RegexOptions.ExplicitCapture | RegexOptions.Multiline, 1000)]
    private static partial Regex Row();

    [GeneratedRegex("[A-Za-z]+", RegexOptions.None, 1000)]
    private static partial Regex Word();

    // SaysAsync("ApplicationsReady", "False", "Pending")
    [GeneratedRegex("\"(?<condition>[A-Za-z]+)\", \"False\", \"(?<reason>[A-Za-z]+)\"", RegexOptions.ExplicitCapture, 1000)]
    private static partial Regex Look();
}
