using System.Globalization;
using System.Text.RegularExpressions;

namespace Dpf.Guide.Tracing;

/// <summary>A stage of a logical pipeline that the packet went through.</summary>
/// <param name="Name">E.g. <c>ls_out_acl</c>.</param>
/// <param name="Match">What it matched; null when nothing did, which drops.</param>
/// <param name="Priority">The flow's priority.</param>
/// <param name="Flow">The first digits of the logical flow's UUID.</param>
public sealed record TraceStage(string Name, string? Match, int Priority, string Flow)
{
    /// <summary>What it did, an action a line.</summary>
    public IList<string> Actions { get; } = [];
}

/// <summary>A pipeline of a switch or router, or what connection tracking did between two stages.</summary>
/// <param name="Kind"><c>ingress</c>, <c>egress</c>, or the connection-tracking action.</param>
/// <param name="Datapath">The switch or router; empty for connection tracking.</param>
/// <param name="InPort">Where the packet came in.</param>
/// <param name="OutPort">Where it goes out; empty while that is not decided.</param>
public sealed record TraceSection(string Kind, string Datapath, string InPort, string OutPort)
{
    /// <summary>Its stages.</summary>
    public IList<TraceStage> Stages { get; } = [];

    /// <summary>Ports that the packet left through, with their types.</summary>
    public IList<(string Port, string Type)> Outputs { get; } = [];
}

/// <summary>Reads what <c>ovn-trace</c> says in detail.</summary>
public static partial class OvnTraceText
{
    /// <summary>The sections, in the packet's order.</summary>
    public static IReadOnlyList<TraceSection> Parse(string text)
    {
        var sections = new List<TraceSection>();
        foreach (var line in text.Split('\n'))
        {
            if (Pipeline().Match(line) is { Success: true } pipeline)
            {
                sections.Add(new TraceSection(pipeline.Groups[1].Value, pipeline.Groups[2].Value, pipeline.Groups[3].Value, pipeline.Groups[4].Value));
            }
            else if (Tracking().Match(line) is { Success: true } tracking)
            {
                sections.Add(new TraceSection(tracking.Groups[1].Value, "", "", ""));
            }
            else if (sections.Count > 0)
            {
                Add(sections[^1], line);
            }
        }

        return sections;
    }

    private static void Add(TraceSection section, string line)
    {
        if (Matched().Match(line) is { Success: true } stage)
        {
            section.Stages.Add(new TraceStage(
                stage.Groups[1].Value, stage.Groups[2].Value, int.Parse(stage.Groups[3].Value, CultureInfo.InvariantCulture), stage.Groups[4].Value));
        }
        else if (Unmatched().Match(line) is { Success: true } none)
        {
            section.Stages.Add(new TraceStage(none.Groups[1].Value, null, 0, ""));
        }
        else if (Output().Match(line) is { Success: true } output)
        {
            section.Outputs.Add((output.Groups[1].Value, output.Groups[2].Value));
        }
        else if (line.Trim() is { Length: > 0 } action && !action.StartsWith("---", StringComparison.Ordinal) && section.Stages.Count > 0)
        {
            section.Stages[^1].Actions.Add(action);
        }
    }

    [GeneratedRegex("""^\s*(ingress|egress)\(dp="([^"]*)", inport="([^"]*)"(?:, outport="([^"]*)")?\)""", RegexOptions.None, 1000)]
    private static partial Regex Pipeline();

    [GeneratedRegex(@"^\s*(ct_(?:lb|lb_mark|snat|dnat|next|snat_in_czone|dnat_in_czone)\b(?:\([^)]*\))?)(?: /\*.*\*/)*\s*$", RegexOptions.None, 1000)]
    private static partial Regex Tracking();

    [GeneratedRegex(@"^\s*\d+\. (\S+)(?: \([^)]*\))?: (.*), priority (\d+), uuid ([0-9a-f]+)", RegexOptions.None, 1000)]
    private static partial Regex Matched();

    [GeneratedRegex(@"^\s*\d+\. (\S+?)(?: \([^)]*\))?: no match", RegexOptions.None, 1000)]
    private static partial Regex Unmatched();

    [GeneratedRegex("""/\* output to "([^"]*)", type "([^"]*)" \*/""", RegexOptions.None, 1000)]
    private static partial Regex Output();
}
