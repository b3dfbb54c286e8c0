using Dpf.Ovn.Annotations;
using Dpf.Ovn.Node;

namespace Dpf.Ovn.CniServer;

/// <summary>The inside of a sandbox: the interface's name, address and routes.</summary>
internal static class PodInterface
{
    /// <summary>Configures <paramref name="device"/>, which is in the sandbox already, as the pod's interface.</summary>
    public static async Task ConfigureAsync(
        Links links, CniRequest request, string device, PodNetwork network, int mtu, CancellationToken cancellation)
    {
        var name = request.InterfaceName;
        var rename = device == name ? [] : (string[])[$"link set {device} name {name}"];
        await links.BatchAsync(
            ["link set lo up", $"link set {device} down", .. rename, $"link set {name} address {network.Mac} mtu {mtu}", $"link set {name} up"],
            cancellation, request.NetworkNamespace);

        // Before the first packet, which would otherwise go out without a checksum.
        await links.CompleteChecksumsAsync(name, cancellation, request.NetworkNamespace);
        await links.BatchAsync(
            [
                $"addr replace {network.Address} dev {name}",
                $"route replace default via {network.Gateway} dev {name}",
                .. network.Routes.Select(route => $"route replace {route.Network} via {network.Gateway} dev {name}"),
            ],
            cancellation, request.NetworkNamespace);
    }
}
