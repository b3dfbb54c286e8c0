using Dpf.Ovn.Addressing;
using Dpf.Runtime.Addressing;

namespace Dpf.Ovn.Zone.Planning.Policies;

/// <summary>
/// Traffic by its other end and its ports, as parts of the form "these peers, these ports". With sums and differences of it, an
/// order of rules becomes rules without an order, which OVN needs where it has no action that means "go on".
/// </summary>
/// <param name="Parts">The parts; none is empty.</param>
public sealed record Traffic(IReadOnlyList<(IpSet Peers, PortSet Ports)> Parts)
{
    /// <summary>No traffic.</summary>
    public static Traffic None { get; } = new([]);

    /// <summary>The traffic of peers on ports.</summary>
    public static Traffic Of(IpSet peers, PortSet ports) =>
        peers.IsEmpty || ports.IsEmpty ? None : new Traffic([(peers, ports)]);

    /// <summary>What is in either.</summary>
    public Traffic Union(Traffic other) => new([.. Parts, .. other.Parts]);

    /// <summary>What is in this and not in the other.</summary>
    public Traffic Except(Traffic other) => new([.. other.Parts.Aggregate(
        Parts.AsEnumerable(), (left, gone) => left.SelectMany(part => Without(part, gone)).ToList())]);

    /// <summary>Whether a packet is of it.</summary>
    public bool Contains(IpAddress peer, PortSet port) =>
        Parts.Any(p => p.Peers.Contains(peer) && port.Except(p.Ports).IsEmpty);

    private static IEnumerable<(IpSet Peers, PortSet Ports)> Without(
        (IpSet Peers, PortSet Ports) part, (IpSet Peers, PortSet Ports) gone)
    {
        var shared = part.Peers.Intersect(gone.Peers);
        if (shared.IsEmpty || part.Ports.Intersect(gone.Ports).IsEmpty)
        {
            yield return part;
            yield break;
        }

        if (part.Peers.Except(gone.Peers) is { IsEmpty: false } others)
        {
            yield return (others, part.Ports);
        }

        if (part.Ports.Except(gone.Ports) is { IsEmpty: false } rest)
        {
            yield return (shared, rest);
        }
    }
}
