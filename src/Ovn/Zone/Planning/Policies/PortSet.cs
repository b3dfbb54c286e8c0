using System.Globalization;
using Dpf.Ovn.Addressing;

namespace Dpf.Ovn.Zone.Planning.Policies;

/// <summary>Which protocols and destination ports are meant; a value.</summary>
/// <param name="Tcp">TCP ports.</param>
/// <param name="Udp">UDP ports.</param>
/// <param name="Sctp">SCTP ports.</param>
/// <param name="Others">Whether every other protocol is meant too.</param>
public sealed record PortSet(Intervals<ushort> Tcp, Intervals<ushort> Udp, Intervals<ushort> Sctp, bool Others)
{
    // One by one: a protocol's number can neither be compared nor masked, nor be said not to be one.
    private static readonly string OtherProtocols =
        $"ip.proto == {{{string.Join(", ", Enumerable.Range(0, 256).Where(p => p is not (6 or 17 or 132)))}}}";

    private static readonly Intervals<ushort> NoPort = Intervals<ushort>.None;

    /// <summary>Everything.</summary>
    public static PortSet All { get; } = new(Intervals<ushort>.All, Intervals<ushort>.All, Intervals<ushort>.All, true);

    /// <summary>Nothing.</summary>
    public static PortSet None { get; } = new(NoPort, NoPort, NoPort, false);

    /// <summary>Whether nothing is meant.</summary>
    public bool IsEmpty => Tcp.IsEmpty && Udp.IsEmpty && Sctp.IsEmpty && !Others;

    /// <summary>Whether everything is meant.</summary>
    public bool IsAll => Tcp.IsAll && Udp.IsAll && Sctp.IsAll && Others;

    /// <summary>
    /// The match for the set behind one of addresses: empty for everything, one term, or terms in parentheses.
    /// </summary>
    public string Match
    {
        get
        {
            if (IsAll)
            {
                return "";
            }

            List<string> terms = [.. Term("tcp", Tcp), .. Term("udp", Udp), .. Term("sctp", Sctp)];
            if (Others)
            {
                terms.Add(OtherProtocols);
            }

            return terms is [var only] ? only : $"({string.Join(" || ", terms.Select(t => t.Contains("&&", StringComparison.Ordinal) ? $"({t})" : t))})";
        }
    }

    /// <summary>The ports from one to another of a protocol, <c>TCP</c> when it is null; nothing for a protocol that is not known.</summary>
    public static PortSet Of(string? protocol, int first = 0, int last = ushort.MaxValue)
    {
        var ports = first is < 0 or > ushort.MaxValue || last is < 0 or > ushort.MaxValue
            ? NoPort
            : Intervals<ushort>.Of(((ushort)first, (ushort)last));
        return (protocol ?? "TCP").ToUpperInvariant() switch
        {
            "TCP" => None with { Tcp = ports },
            "UDP" => None with { Udp = ports },
            "SCTP" => None with { Sctp = ports },
            _ => None,
        };
    }

    /// <summary>What is in any of them.</summary>
    public static PortSet Union(IEnumerable<PortSet> sets) => sets.Aggregate(None, (all, next) => all.Union(next));

    /// <summary>What is in either.</summary>
    public PortSet Union(PortSet other) =>
        new(Tcp.Union(other.Tcp), Udp.Union(other.Udp), Sctp.Union(other.Sctp), Others || other.Others);

    /// <summary>What is in both.</summary>
    public PortSet Intersect(PortSet other) =>
        new(Tcp.Intersect(other.Tcp), Udp.Intersect(other.Udp), Sctp.Intersect(other.Sctp), Others && other.Others);

    /// <summary>What is in this and not in the other.</summary>
    public PortSet Except(PortSet other) =>
        new(Tcp.Except(other.Tcp), Udp.Except(other.Udp), Sctp.Except(other.Sctp), Others && !other.Others);

    private static IEnumerable<string> Term(string protocol, Intervals<ushort> ports)
    {
        if (ports.IsEmpty)
        {
            return [];
        }

        if (ports.IsAll)
        {
            return [protocol];
        }

        var field = protocol + ".dst";
        List<string> alone = [.. ports.Ranges.Where(r => r.First == r.Last).Select(r => r.First.ToString(CultureInfo.InvariantCulture))];
        List<string> terms = alone switch
        {
            [] => [],
            [var only] => [$"{field}=={only}"],
            _ => [$"{field}=={{{string.Join(',', alone)}}}"],
        };
        terms.AddRange(ports.Ranges.Where(r => r.First != r.Last).Select(r => string.Create(
            CultureInfo.InvariantCulture, $"{r.First}<={field}<={r.Last}")));
        return [terms is [var single] ? $"{protocol} && {single}" : $"{protocol} && ({string.Join(" || ", terms)})"];
    }
}
