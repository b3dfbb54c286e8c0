using System.Globalization;

namespace Dpf.Guide.Tracing;

/// <summary>A packet as it is at one point of its way.</summary>
/// <param name="EthernetSource">Its source on the wire.</param>
/// <param name="EthernetDestination">Its destination on the wire.</param>
/// <param name="Source">The source address, of the destination's family.</param>
/// <param name="Destination">The destination address.</param>
/// <param name="Protocol"><c>tcp</c>, <c>udp</c> or <c>icmp</c>.</param>
/// <param name="Port">The destination port; none for <c>icmp</c>.</param>
/// <param name="TimeToLive">Hops that it may still go.</param>
public sealed record Packet(string EthernetSource, string EthernetDestination, string Source, string Destination, string Protocol, int? Port, int TimeToLive = 64)
{
    /// <summary>To everybody.</summary>
    public const string Broadcast = "ff:ff:ff:ff:ff:ff";

    private const int SourcePort = 40000;
    private const string SolicitedNode = "33:33:ff:";

    /// <summary>Where it goes: an address, with a port <c>a.b.c.d:port</c> or <c>[a::b]:port</c>.</summary>
    public string To => Port is { } port ? AddressText.At(Destination, port) : Destination;

    /// <summary>Whether it waits, and a question for its next hop's MAC address (ARP; RFC 4861, 4.3) goes out in its place.</summary>
    public bool IsQuestion => EthernetDestination == Broadcast || EthernetDestination.StartsWith(SolicitedNode, StringComparison.Ordinal);

    private bool IsSix => AddressText.IsSix(Destination);

    /// <summary>As <c>ovn-trace</c> takes it, coming in at a port.</summary>
    public string Microflow(string inPort)
    {
        var ip = IsSix ? "ip6" : "ip4";
        var end = Protocol != "icmp" ? string.Create(CultureInfo.InvariantCulture, $"{Protocol} && {Protocol}.src == {SourcePort} && {Protocol}.dst == {Port}")
            : IsSix ? "icmp6 && icmp6.type == 128 && icmp6.code == 0" : "icmp4 && icmp4.type == 8 && icmp4.code == 0";
        return string.Create(
            CultureInfo.InvariantCulture,
            $"inport == \"{inPort}\" && eth.src == {EthernetSource} && eth.dst == {EthernetDestination} && {ip}.src == {Source} && {ip}.dst == {Destination} && ip.ttl == {TimeToLive} && {end}");
    }

    /// <summary>As <c>ofproto/trace</c> takes it, or the question in its place, coming in at a port of the switch.</summary>
    public string Flow(string inPort)
    {
        var ethernet = $"dl_src={EthernetSource},dl_dst={EthernetDestination}";
        if (IsQuestion)
        {
            return $"in_port={inPort},{(IsSix ? "icmp6,icmpv6_type=135,icmpv6_code=0" : "arp")},{ethernet}";
        }

        var (six, address) = IsSix ? ("6", "ipv6") : ("", "nw");
        var ports = Port is { } port ? string.Create(CultureInfo.InvariantCulture, $",{Protocol}_dst={port},{Protocol}_src={SourcePort}") : "";
        return string.Create(
            CultureInfo.InvariantCulture, $"in_port={inPort},{Protocol}{six},{ethernet},{address}_src={Source},{address}_dst={Destination},nw_ttl={TimeToLive}{ports}");
    }
}
