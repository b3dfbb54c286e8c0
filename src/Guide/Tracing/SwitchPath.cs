using System.Text.RegularExpressions;

namespace Dpf.Guide.Tracing;

/// <summary>The way of a packet through the bridges of Open vSwitch, as <c>ofproto/trace --names</c> found it.</summary>
/// <param name="Bridges">Bridges, in the packet's order.</param>
/// <param name="Out">The ports of the datapath that it left through; empty when it was dropped.</param>
/// <param name="Drop">The flow that dropped it; null when none did.</param>
public sealed partial record SwitchPath(IReadOnlyList<string> Bridges, IReadOnlyList<string> Out, string? Drop)
{
    /// <summary>Reads a trace.</summary>
    public static SwitchPath Parse(string text)
    {
        var bridges = new List<string>();
        var last = "";
        var actions = "";
        foreach (var line in text.Split('\n').Select(line => line.Trim()))
        {
            if (Bridge().Match(line) is { Success: true } bridge)
            {
                bridges.Add(bridge.Groups[1].Value);
            }
            else if (Rule().IsMatch(line))
            {
                last = line;
            }
            else if (line.StartsWith("Datapath actions:", StringComparison.Ordinal))
            {
                actions = line["Datapath actions:".Length..].Trim();
            }
        }

        // What is done to the packet is in brackets; what remains are the ports.
        var ports = Nested().Replace(Nested().Replace(Nested().Replace(actions, ""), ""), "").Split(',')
            .Where(word => word.Length > 0 && word is not ("drop" or "push_vlan" or "pop_vlan" or "set" or "ct" or "recirc" or "hash" or "sample" or "userspace" or "tnl_pop" or "clone" or "ct_clear")).ToList();
        var intoTunnel = Tunnel().Match(actions);
        if (intoTunnel.Success)
        {
            ports = [intoTunnel.Groups[1].Value];
        }

        return new SwitchPath(bridges, ports, ports.Count == 0 ? last : null);
    }

    [GeneratedRegex("""^bridge\("([^"]+)"\)""", RegexOptions.None, 1000)]
    private static partial Regex Bridge();

    [GeneratedRegex(@"^\d+\. .*priority \d+|^\d+\. No match", RegexOptions.None, 1000)]
    private static partial Regex Rule();

    [GeneratedRegex(@"\([^()]*\)", RegexOptions.None, 1000)]
    private static partial Regex Nested();

    [GeneratedRegex(@"tnl_pop\(([^)]*)\)", RegexOptions.None, 1000)]
    private static partial Regex Tunnel();
}
