using System.Text.Json.Nodes;
using Dpf.Runtime.Addressing;

namespace Dpf.Ovn.Annotations;

/// <summary>A node's gateway as <c>k8s.ovn.org/l3-gateway-config</c> says it.</summary>
/// <param name="Bridge">The external bridge.</param>
/// <param name="InterfaceId">The name of the localnet port.</param>
/// <param name="Mac">The gateway's MAC address: that of the host's own interface.</param>
/// <param name="Addresses">
/// The gateway's addresses, the host's own, with the external network's prefix length: one of each family, IPv4 first.
/// </param>
/// <param name="NextHops">Where the default routes lead.</param>
public sealed record GatewayConfig(
    string Bridge, string InterfaceId, string Mac, IReadOnlyList<Cidr> Addresses, IReadOnlyList<IpAddress> NextHops)
{
    /// <summary>The first address.</summary>
    public Cidr Address => Addresses[0];

    /// <summary>The address of a family, if it has one.</summary>
    public IpAddress? Of(IpFamily family) => Addresses.Where(a => a.Family == family).Select(a => (IpAddress?)a.Address).FirstOrDefault();

    /// <summary>Reads the annotation; null when it is missing, disabled or broken.</summary>
    public static GatewayConfig? Read(IDictionary<string, string>? annotations)
    {
        if (NodeAnnotations.Json(annotations, NodeAnnotations.Gateway)?["default"] is not JsonObject value ||
            NodeAnnotations.Text(value["mode"]) != "shared" ||
            NodeAnnotations.Mac(value["mac-address"]) is not { } mac ||
            Cidr.ParseAll(Texts(value, "ip-address", "ip-addresses")).DistinctBy(a => a.Family).OrderBy(a => a.Family).ToList()
                is not { Count: > 0 } addresses)
        {
            return null;
        }

        var bridge = NodeAnnotations.Text(value["bridge-id"]) ?? "";
        return new GatewayConfig(
            bridge,
            NodeAnnotations.Text(value["interface-id"]) ?? bridge,
            mac,
            addresses,
            [.. IpAddress.ParseAll(Texts(value, "next-hop", "next-hops")).Distinct()]);
    }

    /// <summary>The annotation's value.</summary>
    public string Write()
    {
        var value = new JsonObject
        {
            ["mode"] = "shared",
            ["bridge-id"] = Bridge,
            ["interface-id"] = InterfaceId,
            ["mac-address"] = Mac,
            ["ip-addresses"] = NodeAnnotations.List(Addresses),
        };

        // The names in the singular are for readers that know of one only.
        if (Addresses is [var own])
        {
            value["ip-address"] = own.ToString();
        }

        value["next-hops"] = NodeAnnotations.List(NextHops);
        if (NextHops is [var only])
        {
            value["next-hop"] = only.ToString();
        }

        value["node-port-enable"] = "true";
        value["vlan-id"] = "0";
        return new JsonObject { ["default"] = value }.ToJsonString();
    }

    private static IEnumerable<string?> Texts(JsonObject value, string single, string several) =>
        value[several] is JsonArray { Count: > 0 } list ? list.Select(NodeAnnotations.Text) : [NodeAnnotations.Text(value[single])];
}
