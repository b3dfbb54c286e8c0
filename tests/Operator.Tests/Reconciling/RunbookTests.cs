using System.Runtime.CompilerServices;
using System.Text.RegularExpressions;

namespace Dpf.Operator.Tests.Reconciling;

/// <summary>What a DPFOperatorConfig can say is explained to whoever reads it.</summary>
public sealed partial class RunbookTests
{
    [Fact]
    public void EveryReasonOfTheSystemIsExplainedAndNoOther()
    {
        var source = File.ReadAllText(Path.Combine(Repository(), "src/Operator/Reconciling/OperatorConfigReconciler.cs"));
        var types = Constant().Matches(source).ToDictionary(m => m.Groups["name"].Value, m => m.Groups["value"].Value, StringComparer.Ordinal);
        types["ConditionExtensions.Ready"] = "Ready";
        var said = Said().Matches(source).Select(m => $"{types[m.Groups["type"].Value]} {m.Groups["reason"].Value}").Append("Ready Pending");
        var explained = Row().Matches(File.ReadAllText(Path.Combine(Repository(), "docs/runbooks/system-does-not-become-ready.md")))
            .Select(m => $"{m.Groups["type"].Value} {m.Groups["reason"].Value}");
        Assert.Equal(said.Distinct().Order(StringComparer.Ordinal), explained.Order(StringComparer.Ordinal));
    }

    /// <summary>The list is the runbook's; whoever adds a row there adds a test that sees it.</summary>
    [Fact]
    public void EveryReasonThatIsExplainedIsSeenOnAnObjectByATest()
    {
        var tests = File.ReadAllText(Path.Combine(Repository(), "tests/Operator.Tests/Reconciling/OperatorConfigTests.cs"));
        var words = Row().Matches(File.ReadAllText(Path.Combine(Repository(), "docs/runbooks/system-does-not-become-ready.md")))
            .SelectMany(m => new[] { m.Groups["type"].Value, m.Groups["reason"].Value }).Distinct(StringComparer.Ordinal).ToList();
        Assert.True(words.Count > 6, string.Join(' ', words));
        Assert.All(words, word => Assert.Matches($"\"([A-Za-z]+ )?{word}( [A-Za-z]+)?\"", tests));
    }

    private static string Repository([CallerFilePath] string here = "") => Path.GetFullPath(Path.Combine(Path.GetDirectoryName(here)!, "../../.."));

    [GeneratedRegex("private const string (?<name>[A-Za-z]+) = \"(?<value>[A-Za-z]+)\";", RegexOptions.ExplicitCapture, 1000)]
    private static partial Regex Constant();

    // conditions.SetFalse(TYPE, Reasons.REASON, …) and conditions.Set(TYPE, null, "REASON", …)
    [GeneratedRegex("\\.Set(False)?\\(\\s*(?<type>[A-Za-z.]+), (null, )?(Reasons\\.|\")(?<reason>[A-Za-z]+)", RegexOptions.ExplicitCapture, 1000)]
    private static partial Regex Said();

    [GeneratedRegex(@"^\| `(?<type>[A-Za-z]+)` \| `(?<reason>[A-Za-z]+)` \|", RegexOptions.ExplicitCapture | RegexOptions.Multiline, 1000)]
    private static partial Regex Row();
}
