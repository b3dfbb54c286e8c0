using Dpf.Ovn.Annotations;
using Dpf.Runtime.Addressing;
using Dpf.Runtime.Machines;
using Dpf.Runtime.Netlink;

namespace Dpf.Ovn.CniServer;

/// <summary>The inside of a sandbox: the interface's name, addresses and routes.</summary>
internal static class PodInterface
{
    /// <summary>
    /// Makes the device <paramref name="device"/>, wherever it is, the pod's interface. All at once where it comes from elsewhere: each
    /// message that moves or renames a device has the kernel wait for the packets on their way.
    /// </summary>
    public static SetLink Of(string device, string name, PodNetwork network, int mtu, INetworkNamespace? sandbox = null) => new(device)
    {
        NewName = device == name ? null : name,
        Mac = network.Mac,
        Mtu = mtu,
        IsUp = true,
        Namespace = sandbox,
    };

    /// <summary>What its sandbox needs besides.</summary>
    public static IReadOnlyList<NetworkChange> Surroundings(string name, PodNetwork network) =>
    [
        new SetLink("lo") { IsUp = true },
        .. network.Addresses.Select(a => new SetAddress(a.Address, name)),
        .. network.Addresses.Select(a => new SetRoute(new Route(new Cidr(new IpAddress(a.Gateway.Family, 0), 0), a.Gateway, name))),
        .. network.Ways.Select(w => new SetRoute(new Route(w.To.Network, w.Via, name))),
    ];
}
