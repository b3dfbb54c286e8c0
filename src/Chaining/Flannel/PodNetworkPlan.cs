using System.Globalization;
using System.Text.Json.Nodes;
using k8s.Models;

namespace Dpf.Chaining.Flannel;

/// <summary>A node's part of the pod network.</summary>
/// <param name="Subnet">The node's own pods.</param>
/// <param name="Routes">The other nodes' pods by their subnet: the node's address.</param>
public sealed record PodNetworkPlan(string Subnet, IReadOnlyDictionary<string, string> Routes)
{
    /// <summary>The bridge of the node's pods.</summary>
    public const string Bridge = "cni0";

    /// <summary>The plan of a node; null before it has a subnet.</summary>
    public static PodNetworkPlan? Of(string node, IEnumerable<V1Node> nodes)
    {
        var all = nodes.Where(n => !string.IsNullOrEmpty(n.Spec?.PodCIDR)).ToList();
        return all.FirstOrDefault(n => n.Metadata.Name == node)?.Spec.PodCIDR is not { } subnet
            ? null
            : new PodNetworkPlan(subnet, all
                .Where(n => n.Metadata.Name != node && Address(n) is not null)
                .GroupBy(n => n.Spec.PodCIDR, StringComparer.Ordinal)
                .ToDictionary(g => g.Key, g => Address(g.First())!, StringComparer.Ordinal));
    }

    /// <summary>The configuration for runtimes.</summary>
    public JsonObject Network(int mtu) => new()
    {
        ["cniVersion"] = "0.3.1",
        ["name"] = "cbr0",
        ["plugins"] = new JsonArray(new JsonObject
        {
            ["type"] = "bridge",
            ["bridge"] = Bridge,
            ["isGateway"] = true,
            ["hairpinMode"] = true,
            ["mtu"] = mtu,
            ["ipam"] = new JsonObject
            {
                ["type"] = "host-local",
                ["ranges"] = new JsonArray(new JsonArray(new JsonObject { ["subnet"] = Subnet })),
                ["routes"] = new JsonArray(new JsonObject { ["dst"] = "0.0.0.0/0" }),
            },
        }),
    };

    /// <summary>What others read to learn the node's subnet.</summary>
    public string Environment(int mtu) => string.Create(
        CultureInfo.InvariantCulture, $"FLANNEL_SUBNET={Subnet}\nFLANNEL_MTU={mtu}\nFLANNEL_IPMASQ=true\n");

    /// <summary>Rules that give pods the node's address where nobody knows theirs.</summary>
    public string Masquerade() => $$"""
        table ip dpf-flannel
        delete table ip dpf-flannel
        table ip dpf-flannel {
          chain postrouting {
            type nat hook postrouting priority srcnat; policy accept;
            ip saddr {{Subnet}} ip daddr != { {{string.Join(", ", Routes.Keys.Append(Subnet).Order(StringComparer.Ordinal))}}, 224.0.0.0/4 } masquerade
          }
        }

        """;

    private static string? Address(V1Node node) => node.Status?.Addresses?.FirstOrDefault(a => a.Type == "InternalIP")?.Address;
}
