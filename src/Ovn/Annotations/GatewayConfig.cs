using System.Text.Json.Nodes;
using Dpf.Ovn.Addressing;

namespace Dpf.Ovn.Annotations;

/// <summary>A node's gateway as <c>k8s.ovn.org/l3-gateway-config</c> says it.</summary>
/// <param name="Bridge">The external bridge.</param>
/// <param name="InterfaceId">The name of the localnet port.</param>
/// <param name="Mac">The gateway's MAC address: that of the host's own interface.</param>
/// <param name="Address">The gateway's address, the host's own, with the external network's prefix length.</param>
/// <param name="NextHops">Where the default route leads.</param>
public sealed record GatewayConfig(string Bridge, string InterfaceId, string Mac, Cidr Address, IReadOnlyList<Ipv4> NextHops)
{
    /// <summary>Reads the annotation; null when it is missing, disabled or broken.</summary>
    public static GatewayConfig? Read(IDictionary<string, string>? annotations)
    {
        if (NodeAnnotations.Json(annotations, NodeAnnotations.Gateway)?["default"] is not JsonObject value ||
            NodeAnnotations.Text(value["mode"]) != "shared" ||
            NodeAnnotations.Mac(value["mac-address"]) is not { } mac ||
            !Cidr.TryParse(Texts(value["ip-addresses"]).FirstOrDefault() ?? NodeAnnotations.Text(value["ip-address"]), out var address))
        {
            return null;
        }

        var hops = Texts(value["next-hops"]).ToList();
        if (hops.Count == 0 && NodeAnnotations.Text(value["next-hop"]) is { } single)
        {
            hops.Add(single);
        }

        var bridge = NodeAnnotations.Text(value["bridge-id"]) ?? "";
        return new GatewayConfig(
            bridge,
            NodeAnnotations.Text(value["interface-id"]) ?? bridge,
            mac,
            address,
            [.. hops.Select(h => Ipv4.TryParse(h, out var hop) ? hop : (Ipv4?)null).OfType<Ipv4>().Distinct()]);
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
            ["ip-addresses"] = new JsonArray(Address.ToString()),
            ["ip-address"] = Address.ToString(),
            ["next-hops"] = new JsonArray([.. NextHops.Select(h => (JsonNode)h.ToString())]),
        };
        if (NextHops is [var only])
        {
            value["next-hop"] = only.ToString();
        }

        value["node-port-enable"] = "true";
        value["vlan-id"] = "0";
        return new JsonObject { ["default"] = value }.ToJsonString();
    }

    private static IEnumerable<string> Texts(JsonNode? node) =>
        node is JsonArray list ? list.Select(NodeAnnotations.Text).OfType<string>() : [];
}
