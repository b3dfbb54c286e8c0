using System.Globalization;

namespace Dpf.Chaining.Agent;

/// <summary>
/// The flow of one port of a switch: frames from it go to all other ports, and teach each of them that frames of their VLAN for
/// their sender come here. Learned flows carry the chain's cookie and are forgotten when nobody uses them; a chain has no more
/// of them than <see cref="MostLearned"/>, so that a flood of addresses is only flooded (<c>ovs-actions(7)</c>, <c>learn</c>).
/// </summary>
/// <param name="Cookie">The chain's cookie.</param>
/// <param name="From">The port that frames come from.</param>
/// <param name="To">The other ports.</param>
public sealed record ChainFlow(ulong Cookie, long From, IReadOnlyList<long> To)
{
    private const int Priority = 20;
    private const int LearnedPriority = 30;
    private const int ForgetAfterSeconds = 10;

    /// <summary>How many learned flows a chain may have on a node: as many addresses as a bridge of Open vSwitch learns.</summary>
    public const int MostLearned = 8192;

    private static readonly string Limit = Text($"limit={MostLearned}");

    /// <summary>The flows of a switch with these ports; none for fewer than two.</summary>
    public static IReadOnlyList<ChainFlow> Of(ulong cookie, IReadOnlyList<long> ports) => ports.Count < 2
        ? []
        : [.. ports.Select(p => new ChainFlow(cookie, p, [.. ports.Where(other => other != p)]))];

    /// <summary>The flow as <c>ovs-ofctl</c> takes it.</summary>
    public string Write()
    {
        var learn = To.Select(to => Text(
            $"learn(table=0,cookie={Cookie},idle_timeout={ForgetAfterSeconds},{Limit},priority={LearnedPriority},in_port={to},NXM_OF_VLAN_TCI[0..11],NXM_OF_ETH_DST[]=NXM_OF_ETH_SRC[],output:NXM_OF_IN_PORT[])"));
        var output = To.Select(to => Text($"output:{to}"));
        return Text($"table=0,cookie={Cookie},priority={Priority},in_port={From},actions={string.Join(',', learn.Concat(output))}");
    }

    /// <summary>The chains' own flows in a dump: those that teach, not those that were learned, nor anybody else's.</summary>
    public static IReadOnlyList<ChainFlow> Read(string dump)
    {
        var flows = new List<ChainFlow>();
        foreach (var line in dump.Split('\n', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries))
        {
            var cut = line.IndexOf("actions=", StringComparison.Ordinal);
            if (cut < 0)
            {
                continue;
            }

            var fields = line[..cut].Split([',', ' '], StringSplitOptions.RemoveEmptyEntries)
                .Select(f => f.Split('=', 2)).Where(f => f.Length == 2)
                .ToDictionary(f => f[0], f => f[1], StringComparer.Ordinal);
            var actions = line[(cut + "actions=".Length)..];
            if (fields.GetValueOrDefault("priority") == "20" && actions.Contains("learn(", StringComparison.Ordinal) &&
                long.TryParse(fields.GetValueOrDefault("in_port"), CultureInfo.InvariantCulture, out var from) &&
                Cookie16(fields.GetValueOrDefault("cookie")) is { } cookie)
            {
                // One that teaches without a limit is of another version of the agent: no flow of today's.
                flows.Add(new ChainFlow(cookie, from, actions.Contains(Limit, StringComparison.Ordinal) ? Outputs(actions) : []));
            }
        }

        return flows;
    }

    /// <summary>
    /// The changes from the flows that are to those that should be. A port whose flow differs loses it, and what was learned for frames
    /// from it; all others, also those of the same chain, keep what they learned. Of a chain that is gone nothing stays.
    /// </summary>
    public static IReadOnlyList<string> Changes(IReadOnlyList<ChainFlow> present, IReadOnlyList<ChainFlow> wanted)
    {
        var changes = new List<string>();
        var now = present.ToLookup(f => f.Cookie);
        var then = wanted.ToLookup(f => f.Cookie);
        foreach (var cookie in now.Select(g => g.Key).Concat(then.Select(g => g.Key)).Distinct().Order())
        {
            if (!then.Contains(cookie))
            {
                changes.Add(Text($"delete cookie={cookie}/-1"));
                continue;
            }

            var (are, should) = (now[cookie].ToLookup(f => f.From, f => f.Key), then[cookie].ToLookup(f => f.From, f => f.Key));
            var differing = are.Select(g => g.Key).Concat(should.Select(g => g.Key)).Distinct()
                .Where(port => !are[port].ToHashSet(StringComparer.Ordinal).SetEquals(should[port])).Order().ToList();
            changes.AddRange(differing.Select(port => Text($"delete cookie={cookie}/-1,in_port={port}")));
            changes.AddRange(then[cookie].Where(f => differing.Contains(f.From)).Select(f => "add " + f.Write()));
        }

        return changes;
    }

    private string Key => Text($"{From}>{string.Join(',', To.Order())}");

    private static List<long> Outputs(string actions)
    {
        // What is inside learn(…) is not this flow's own output.
        var depth = 0;
        var own = new System.Text.StringBuilder();
        foreach (var c in actions)
        {
            depth += c switch { '(' => 1, ')' => -1, _ => 0 };
            if (depth == 0)
            {
                own.Append(c);
            }
        }

        return
        [
            .. own.ToString().Split(',').Where(a => a.StartsWith("output:", StringComparison.Ordinal))
                .Select(a => long.TryParse(a["output:".Length..], CultureInfo.InvariantCulture, out var port) ? port : -1),
        ];
    }

    private static ulong? Cookie16(string? text) => text switch
    {
        null => null,
        _ when text.StartsWith("0x", StringComparison.Ordinal) =>
            ulong.TryParse(text[2..], NumberStyles.HexNumber, CultureInfo.InvariantCulture, out var cookie) ? cookie : null,
        _ => ulong.TryParse(text, CultureInfo.InvariantCulture, out var number) ? number : null,
    };

    private static string Text(FormattableString text) => FormattableString.Invariant(text);
}
