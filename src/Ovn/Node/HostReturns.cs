using Dpf.Ovn.Zone.Planning;
using Dpf.Runtime.Addressing;
using Dpf.Runtime.Netlink;

namespace Dpf.Ovn.Node;

/// <summary>
/// The way back of what the host itself answers external clients of a service that keeps their addresses (<c>externalTrafficPolicy:
/// Local</c>): over the gateway's device, where the service's address is put back, whatever interface the host's default route is over.
/// Such connections are marked as they come in, and their answers look for their route in a table of its own.
/// </summary>
internal static class HostReturns
{
    /// <summary>A bit of the mark that neither kube-proxy nor kubelets use.</summary>
    public const int Mark = 0x10000000;

    // One that no distribution names.
    private const int Table = 28534;

    /// <summary>What the host serves so, by its own address in the gateway's network.</summary>
    public static IReadOnlyList<(IpAddress Own, string Protocol, int Port)> Arrivals(HostFacts facts, IReadOnlyList<ZoneService> services) =>
    [
        .. (from own in facts.Gateway?.Addresses.Select(a => a.Address) ?? []
            from service in services
            from port in service.Ports
            let number = service.HostPort(port, facts.Node, own.Family, facts.HostAddresses)
            where number is not null
            select (own, port.Protocol, number.Value)).Distinct(),
    ];

    /// <summary>The routes of the answers.</summary>
    public static IReadOnlyList<NetworkChange> Routes(HostFacts facts, IReadOnlyList<ZoneService> services)
    {
        if (facts.Gateway is not { } gateway)
        {
            return [];
        }

        return
        [
            .. from family in Arrivals(facts, services).Select(a => a.Own.Family).Distinct()
               from hop in gateway.NextHops.Where(h => h.Family == family).Take(1)
               from change in (NetworkChange[])
               [
                   .. gateway.Addresses.Where(a => a.Family == family).Select(a => Set(a.Network, null)),
                   Set(new Cidr(new IpAddress(family, 0), 0), hop),
                   new SetRule(family, Mark, Table),
               ]
               select change,
        ];

        SetRoute Set(Cidr to, IpAddress? via) => new(new Route(to, via, facts.GatewayDevice)) { Table = Table };
    }
}
