using System.Globalization;
using Dpf.Ovn.Annotations;
using Dpf.Ovn.Node;

namespace Dpf.Ovn.CniServer;

/// <summary>The inside of a sandbox: the interface's name, addresses and routes.</summary>
internal static class PodInterface
{
    /// <summary>Lines of an <c>ip</c> batch that make <paramref name="device"/>, which is in the sandbox, the pod's interface.</summary>
    public static IReadOnlyList<string> Batch(string device, string name, PodNetwork network, int mtu)
    {
        var rename = device == name ? [] : (string[])[$"link set {device} name {name}"];
        return
        [
            "link set lo up",
            $"link set {device} down",
            .. rename,
            string.Create(CultureInfo.InvariantCulture, $"link set {name} address {network.Mac} mtu {mtu}"),
            $"link set {name} up",
            .. network.Addresses.Select(a => Links.AddressLine(a.Address, name)),
            .. network.Addresses.Select(a => $"route replace default via {a.Gateway} dev {name}"),
            .. network.Ways.Select(w => $"route replace {w.To.Network} via {w.Via} dev {name}"),
        ];
    }

    /// <summary>Configures it in the sandbox of a request.</summary>
    public static Task ConfigureAsync(
        Links links, CniRequest request, string device, PodNetwork network, int mtu, CancellationToken cancellation) =>
        links.BatchAsync(Batch(device, request.InterfaceName, network, mtu), cancellation, request.NetworkNamespace);
}
