using System.Text.Json.Serialization;
using Dpf.Api.Schemas;

namespace Dpf.Api.Services;

/// <summary>How an object of the management cluster does in one DPU cluster.</summary>
public sealed class MirroredCluster
{
    /// <summary>The DPUCluster, <c>namespace/name</c>.</summary>
    [Mandatory]
    [JsonPropertyName("cluster")]
    public string Cluster { get; set; } = "";

    /// <summary>Whether everything is there and works.</summary>
    [Mandatory]
    [JsonPropertyName("ready")]
    public bool Ready { get; set; }

    /// <summary>What is missing, or why the cluster cannot be asked.</summary>
    [JsonPropertyName("message")]
    public string? Message { get; set; }
}
