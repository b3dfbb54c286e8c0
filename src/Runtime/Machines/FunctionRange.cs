using System.Globalization;

namespace Dpf.Runtime.Machines;

/// <summary>
/// Which functions of a network card's port are meant, as <c>pfNames</c> of an SriovNetworkNodePolicy and of the SR-IOV device plugin's
/// selectors say it: <c>p0#1-100</c> are numbers 1 to 100 of p0, <c>p0#0,4-7</c> these, and <c>p0</c> all.
/// </summary>
/// <param name="Port">The port's network device.</param>
/// <param name="Numbers">The numbers, from first to last; empty for all.</param>
public sealed record FunctionRange(string Port, IReadOnlyList<(int First, int Last)> Numbers)
{
    /// <summary>Reads one entry.</summary>
    /// <exception cref="FormatException">It is no such entry; the message quotes it.</exception>
    public static FunctionRange Parse(string text)
    {
        var cut = text.IndexOf('#', StringComparison.Ordinal);
        return cut switch
        {
            0 => throw Wrong(text),
            < 0 => text.Length > 0 ? new FunctionRange(text, []) : throw Wrong(text),
            _ => new FunctionRange(text[..cut], [.. text[(cut + 1)..].Split(',').Select(part => Range(part, text))]),
        };
    }

    /// <summary>Whether the function of this number is meant.</summary>
    public bool Has(int number) => Numbers.Count == 0 || Numbers.Any(r => number >= r.First && number <= r.Last);

    private static (int First, int Last) Range(string part, string text)
    {
        var ends = part.Split('-').Select(e => int.TryParse(e, NumberStyles.None, CultureInfo.InvariantCulture, out var n) ? n : -1).ToList();
        return ends is [>= 0] or [>= 0, >= 0] && ends[0] <= ends[^1] ? (ends[0], ends[^1]) : throw Wrong(text);
    }

    private static FormatException Wrong(string text) =>
        new($"pfNames: '{text}' is no port with function numbers; it should read like p0#1-100, p0#0,4-7 or p0");
}
