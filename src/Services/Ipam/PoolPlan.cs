using System.Text.Json.Nodes;
using Dpf.Api.Services;
using Dpf.Runtime.Clusters;
using k8s;

namespace Dpf.Services.Ipam;

/// <summary>The pool that a DPUServiceIPAM becomes: pure.</summary>
internal static class PoolPlan
{
    /// <summary>Label of a pool: the DPUServiceIPAM's name.</summary>
    public const string NameLabel = "dpu.nvidia.com/dpuserviceipam-name";

    /// <summary>Label of a pool: the DPUServiceIPAM's namespace.</summary>
    public const string NamespaceLabel = "dpu.nvidia.com/dpuserviceipam-namespace";

    /// <summary>An IPPool for a subnet, else a CIDRPool; none while neither is said.</summary>
    public static IReadOnlyList<JsonObject> Of(DpuServiceIpam ipam) => ipam.Spec switch
    {
        { Ipv4Subnet: { } subnet } => [Pool<IpPool>(ipam, Blocks(subnet))],
        { Ipv4Network: { } network } => [Pool<CidrPool>(ipam, Networks(network))],
        _ => [],
    };

    private static JsonObject Blocks(Ipv4Subnet subnet) => new()
    {
        ["subnet"] = Masked(subnet.Subnet),
        ["perNodeBlockSize"] = subnet.PerNodeIpCount,
        ["gateway"] = subnet.Gateway,
        ["defaultGateway"] = subnet.DefaultGateway,
        ["routes"] = Routes(subnet.Routes),
    };

    private static JsonObject Networks(Ipv4Network network) => new()
    {
        ["cidr"] = Masked(network.Network),
        ["perNodeNetworkPrefix"] = network.PrefixSize,
        ["gatewayIndex"] = network.GatewayIndex,
        ["defaultGateway"] = network.DefaultGateway,
        ["routes"] = Routes(network.Routes),
        ["exclusions"] = network.Exclusions is { } exclusions
            ? new JsonArray([.. exclusions.Select(ip => new JsonObject { ["startIP"] = ip, ["endIP"] = ip })])
            : null,

        // A list is compared as a whole: a table's order must not show in it.
        ["staticAllocations"] = network.Allocations is { } allocations
            ? new JsonArray([.. allocations.OrderBy(a => a.Key, StringComparer.Ordinal)
                .Select(a => new JsonObject { ["nodeName"] = a.Key, ["prefix"] = Masked(a.Value) })])
            : null,
    };

    private static JsonArray? Routes(IEnumerable<DpuServiceIpamRoute>? routes) =>
        routes is null ? null : new JsonArray([.. routes.Select(r => new JsonObject { ["dst"] = Masked(r.Dst) })]);

    // A host's address with a prefix says its network; a pool's readers (ours, NVIPAM's, the kernel's routes) want the network itself.
    private static string Masked(string text) => IpamValidation.Network(text)?.ToString() ?? text;

    private static JsonObject Pool<TPool>(DpuServiceIpam ipam, JsonObject spec)
    {
        if (ipam.Spec.NodeSelector is { } selector)
        {
            spec["nodeSelector"] = JsonNode.Parse(KubernetesJson.Serialize(selector));
        }

        foreach (var name in spec.Where(f => f.Value is null).Select(f => f.Key).ToList())
        {
            spec.Remove(name);
        }

        var labels = new JsonObject();
        foreach (var (key, value) in ipam.Spec.Metadata?.Labels ?? [])
        {
            labels[key] = value;
        }

        labels[NameLabel] = ipam.Metadata.Name;
        labels[NamespaceLabel] = ipam.Metadata.NamespaceProperty;
        var metadata = new JsonObject
        {
            ["name"] = ipam.Metadata.Name, ["namespace"] = ipam.Metadata.NamespaceProperty, ["labels"] = labels,
        };
        if (ipam.Spec.Metadata?.Annotations is { Count: > 0 } annotations)
        {
            metadata["annotations"] = JsonNode.Parse(KubernetesJson.Serialize(annotations));
        }

        var type = ResourceType.Of<TPool>();
        return new JsonObject { ["apiVersion"] = type.ApiVersion, ["kind"] = type.Kind, ["metadata"] = metadata, ["spec"] = spec };
    }
}
