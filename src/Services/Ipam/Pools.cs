using System.Text.Json;
using System.Text.Json.Serialization;
using Dpf.Api.Schemas;
using k8s.Models;

namespace Dpf.Services.Ipam;

/// <summary>NVIPAM's pool of which every node gets a block of addresses.</summary>
[KubernetesEntity(Group = "nv-ipam.nvidia.com", ApiVersion = "v1alpha1", Kind = "IPPool", PluralName = "ippools")]
internal sealed class IpPool : CustomObject<PoolSpec, PoolStatus>;

/// <summary>NVIPAM's pool of which every node gets a network.</summary>
[KubernetesEntity(Group = "nv-ipam.nvidia.com", ApiVersion = "v1alpha1", Kind = "CIDRPool", PluralName = "cidrpools")]
internal sealed class CidrPool : CustomObject<PoolSpec, PoolStatus>;

/// <summary>What is wanted of a pool: compared and written as a whole, read only where it says whom it is for.</summary>
internal sealed class PoolSpec
{
    /// <summary>The nodes that get a part; null for all.</summary>
    [JsonPropertyName("nodeSelector")]
    public V1NodeSelector? NodeSelector { get; set; }

    /// <summary>Everything else.</summary>
    [JsonExtensionData]
    public Dictionary<string, JsonElement>? Fields { get; set; }
}

/// <summary>What nodes have got.</summary>
internal sealed class PoolStatus
{
    /// <summary>One per node.</summary>
    [JsonPropertyName("allocations")]
    public IList<PoolAllocation>? Allocations { get; set; }
}

/// <summary>What a node has got.</summary>
internal sealed class PoolAllocation
{
    /// <summary>The node.</summary>
    [JsonPropertyName("nodeName")]
    public string? NodeName { get; set; }
}
