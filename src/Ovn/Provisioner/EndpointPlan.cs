using Dpf.Runtime.Addressing;
using Dpf.Runtime.Netlink;

namespace Dpf.Ovn.Provisioner;

/// <summary>The tunnel endpoint's address and routes, as they follow from a lease.</summary>
/// <param name="Address">The address.</param>
/// <param name="Gateway">The way out of the high-speed network.</param>
/// <param name="Routes">The routes over the bridge.</param>
public sealed record EndpointPlan(Cidr Address, IpAddress Gateway, IReadOnlyList<Route> Routes)
{
    // Worse than any other way to the management network: only the switch's own tunnels shall take it.
    private const int HostRouteMetric = 10000;

    /// <summary>The plan of a lease.</summary>
    /// <param name="bridge">The bridge that carries the endpoint.</param>
    /// <param name="lease">The lease.</param>
    /// <param name="hostNetwork">The hosts' own network, if tunnels lead there.</param>
    /// <param name="discovery">The destination whose next hop is the gateway; it is no real one.</param>
    /// <exception cref="InvalidOperationException">The lease does not tell the gateway.</exception>
    public static EndpointPlan Of(string bridge, DhcpLease lease, Cidr? hostNetwork, Cidr discovery)
    {
        var gateway = lease.Routes.FirstOrDefault(r => r.Destination.Network == discovery.Network)?.NextHop ?? throw new InvalidOperationException(
            $"the DHCP server {lease.Server} hands out no route to {discovery} (option 121); the gateway of the high-speed network " +
            "is taken from that");
        var routes = lease.Routes.Where(r => r.Destination.Length > 0)
            .Select(r => new Route(r.Destination.Network, r.NextHop, bridge));
        if (hostNetwork is { } network)
        {
            routes = routes.Append(new Route(network, gateway, bridge, Metric: HostRouteMetric));
        }

        return new EndpointPlan(lease.Address, gateway, [.. routes]);
    }

    /// <summary>What the kernel does not have.</summary>
    /// <param name="bridge">The bridge.</param>
    /// <param name="state">What the kernel has.</param>
    /// <param name="former">The address of an earlier lease, which goes.</param>
    public IReadOnlyList<NetworkChange> Missing(string bridge, NetworkState state, Cidr? former)
    {
        var changes = new List<NetworkChange>();
        if (state.Links.Any(l => l.Name == bridge && !l.IsUp))
        {
            changes.Add(new SetLink(bridge) { IsUp = true });
        }

        if (former is { } old && old != Address && state.Has(bridge, old))
        {
            changes.Add(new DeleteAddress(old, bridge));
        }

        if (!state.Has(bridge, Address))
        {
            changes.Add(new SetAddress(Address, bridge));
        }

        changes.AddRange(Routes
            .Where(r => !state.Routes.Any(s => s.To == r.To && s.Via == r.Via && s.Device == r.Device && s.Metric == r.Metric))
            .Select(r => new SetRoute(r)));
        return changes;
    }
}
