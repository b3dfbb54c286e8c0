using Dpf.Ovn.Annotations;
using Dpf.Runtime.Addressing;

namespace Dpf.Ovn.Zone.Planning;

/// <summary>
/// Hands out a node's pod addresses of one family, round robin, so that the address of a pod that went does not at once belong to another.
/// </summary>
public sealed class PodAddresses
{
    // The network, the router's port, the management port.
    private const uint Reserved = 3;
    private UInt128 _next = Reserved;

    /// <summary>Whether an address is one that a pod of the subnet may have.</summary>
    public static bool IsPods(Cidr subnet, Cidr address) =>
        address.Length == subnet.Length && subnet.Contains(address.Address) && address.Address >= subnet.At(Reserved) &&
        address.Address < subnet.Last;

    /// <summary>Whether all addresses are ones that a pod of the node with these subnets may have.</summary>
    public static bool ArePods(IReadOnlyList<Cidr> subnets, PodNetwork pod) =>
        pod.Addresses.All(a => subnets.Any(s => IsPods(s, a.Address)));

    /// <summary>The next free address; null when the subnet is full.</summary>
    /// <param name="subnet">The node's subnet.</param>
    /// <param name="used">The addresses that pods have.</param>
    public Cidr? Next(Cidr subnet, ISet<IpAddress> used)
    {
        // The last address is the broadcast address.
        var last = subnet.Last.Value - subnet.Network.Address.Value;
        var span = last > Reserved ? last - Reserved : 0;
        for (var tries = UInt128.Zero; tries < span; tries++)
        {
            var offset = Reserved + ((_next - Reserved + tries) % span);
            if (used.Add(subnet.At(offset)))
            {
                _next = Reserved + ((offset - Reserved + 1) % span);
                return subnet.InterfaceAt(offset);
            }
        }

        return null;
    }
}
