using Dpf.Runtime.Addressing;

namespace Dpf.Ovn.Node;

/// <summary>The tunnel endpoint of a DPU as the provisioner leased it.</summary>
public static class TunnelEndpoint
{
    /// <summary>The key of the switch's <c>external_ids</c> in which it is.</summary>
    public const string Key = "ovn-encap-ip";

    /// <summary>Waits for it.</summary>
    public static async Task<IpAddress> WaitAsync(OpenVSwitch ovs, CancellationToken cancellation) =>
        IpAddress.Parse(await ovs.WaitForExternalIdAsync(Key, cancellation));

    /// <summary>Ends, by its exception, when the DHCP server has given the DPU another one: flows, annotations and routes follow from it.</summary>
    /// <exception cref="InvalidOperationException">It is another one now.</exception>
    public static async Task StaysAsync(OpenVSwitch ovs, IpAddress endpoint, CancellationToken cancellation)
    {
        var now = OpenVSwitch.ExternalId(
            await ovs.Client.Replica.WaitForAsync(
                s => OpenVSwitch.ExternalId(s, Key) is { Length: > 0 } text && text != endpoint.ToString(), cancellation),
            Key);
        throw new InvalidOperationException($"the tunnel endpoint was {endpoint} and is {now} now; the node agent has to begin again with it");
    }
}
