using System.Text.Json.Serialization;
using Dpf.Api.Schemas;
using k8s.Models;

namespace Dpf.Chaining.Ipam;

/// <summary>A subnet of which every node gets a block of addresses.</summary>
[KubernetesEntity(Group = "nv-ipam.nvidia.com", ApiVersion = "v1alpha1", Kind = "IPPool", PluralName = "ippools")]
public sealed class IpPool : CustomObject<IpPoolSpec, PoolStatus>;

/// <summary>A network of which every node gets a network.</summary>
[KubernetesEntity(Group = "nv-ipam.nvidia.com", ApiVersion = "v1alpha1", Kind = "CIDRPool", PluralName = "cidrpools")]
public sealed class CidrPool : CustomObject<CidrPoolSpec, PoolStatus>;

/// <summary>What both kinds of pool have.</summary>
public abstract class PoolSpec
{
    /// <summary>Addresses that nobody gets.</summary>
    [JsonPropertyName("exclusions")]
    public IList<PoolExclusion>? Exclusions { get; set; }

    /// <summary>The nodes that get a part; null for all.</summary>
    [JsonPropertyName("nodeSelector")]
    public V1NodeSelector? NodeSelector { get; set; }

    /// <summary>Whether interfaces get a default route.</summary>
    [JsonPropertyName("defaultGateway")]
    public bool? DefaultGateway { get; set; }

    /// <summary>Routes of interfaces through the gateway.</summary>
    [JsonPropertyName("routes")]
    public IList<PoolRoute>? Routes { get; set; }
}

/// <summary>What is wanted of an IPPool.</summary>
public sealed class IpPoolSpec : PoolSpec
{
    /// <summary>The subnet.</summary>
    [JsonPropertyName("subnet")]
    public string Subnet { get; set; } = "";

    /// <summary>How many addresses a node gets.</summary>
    [JsonPropertyName("perNodeBlockSize")]
    public int PerNodeBlockSize { get; set; }

    /// <summary>The gateway.</summary>
    [JsonPropertyName("gateway")]
    public string? Gateway { get; set; }
}

/// <summary>What is wanted of a CIDRPool.</summary>
public sealed class CidrPoolSpec : PoolSpec
{
    /// <summary>The network.</summary>
    [JsonPropertyName("cidr")]
    public string Cidr { get; set; } = "";

    /// <summary>The prefix length of a node's network.</summary>
    [JsonPropertyName("perNodeNetworkPrefix")]
    public int PerNodeNetworkPrefix { get; set; }

    /// <summary>Which address of a node's network is the gateway; null for none.</summary>
    [JsonPropertyName("gatewayIndex")]
    public int? GatewayIndex { get; set; }

    /// <summary>Networks that are given by hand.</summary>
    [JsonPropertyName("staticAllocations")]
    public IList<PoolAllocation>? StaticAllocations { get; set; }
}

/// <summary>Addresses that nobody gets.</summary>
public sealed class PoolExclusion
{
    /// <summary>The first.</summary>
    [JsonPropertyName("startIP")]
    public string StartIp { get; set; } = "";

    /// <summary>The last.</summary>
    [JsonPropertyName("endIP")]
    public string EndIp { get; set; } = "";
}

/// <summary>A route.</summary>
public sealed class PoolRoute
{
    /// <summary>Where to.</summary>
    [JsonPropertyName("dst")]
    public string Dst { get; set; } = "";
}

/// <summary>What nodes have got.</summary>
public sealed class PoolStatus
{
    /// <summary>One per node.</summary>
    [JsonPropertyName("allocations")]
    public IList<PoolAllocation>? Allocations { get; set; }
}

/// <summary>What a node has got: a block (start and end), or a network.</summary>
public sealed class PoolAllocation
{
    /// <summary>The node.</summary>
    [JsonPropertyName("nodeName")]
    public string? NodeName { get; set; }

    /// <summary>A block's first address.</summary>
    [JsonPropertyName("startIP")]
    public string? StartIp { get; set; }

    /// <summary>A block's last address.</summary>
    [JsonPropertyName("endIP")]
    public string? EndIp { get; set; }

    /// <summary>A network's gateway.</summary>
    [JsonPropertyName("gateway")]
    public string? Gateway { get; set; }

    /// <summary>A network.</summary>
    [JsonPropertyName("prefix")]
    public string? Prefix { get; set; }
}
