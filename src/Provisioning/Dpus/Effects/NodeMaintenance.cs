using System.Text.Json.Serialization;
using Dpf.Api.Schemas;
using Dpf.Runtime.Conditions;
using k8s.Models;

namespace Dpf.Provisioning.Dpus.Effects;

/// <summary>A request to take a node out of service for a while (maintenance operator).</summary>
[KubernetesEntity(Group = "maintenance.nvidia.com", ApiVersion = "v1alpha1", Kind = "NodeMaintenance", PluralName = "nodemaintenances")]
internal sealed class NodeMaintenance : CustomObject<NodeMaintenanceSpec, NodeMaintenanceStatus>;

/// <summary>What is wanted of a maintenance.</summary>
internal sealed class NodeMaintenanceSpec
{
    /// <summary>Who asked first.</summary>
    [JsonPropertyName("requestorID")]
    public string? RequestorId { get; set; }

    /// <summary>Who asked as well.</summary>
    [JsonPropertyName("additionalRequestors")]
    public IList<string>? AdditionalRequestors { get; set; }

    /// <summary>The node.</summary>
    [JsonPropertyName("nodeName")]
    public string? NodeName { get; set; }

    /// <summary>Whether new pods are kept away.</summary>
    [JsonPropertyName("cordon")]
    public bool? Cordon { get; set; }

    /// <summary>How pods are moved away.</summary>
    [JsonPropertyName("drainSpec")]
    public DrainSpec? DrainSpec { get; set; }
}

/// <summary>How pods are moved away.</summary>
internal sealed class DrainSpec
{
    /// <summary>Also those that nobody makes again.</summary>
    [JsonPropertyName("force")]
    public bool? Force { get; set; }

    /// <summary>Also those that lose data by it.</summary>
    [JsonPropertyName("deleteEmptyDir")]
    public bool? DeleteEmptyDir { get; set; }
}

/// <summary>What is known of a maintenance.</summary>
internal sealed class NodeMaintenanceStatus
{
    /// <summary>The conditions; <c>Ready</c> is True when the node is out of service.</summary>
    [JsonPropertyName("conditions")]
    public IList<V1Condition>? Conditions { get; set; }

    /// <summary>How far the drain is; null before it begins.</summary>
    [JsonPropertyName("drain")]
    public DrainStatus? Drain { get; set; }

    /// <summary>The pods whose end is waited for before the drain, <c>ns/name</c>.</summary>
    [JsonPropertyName("waitForCompletion")]
    public IList<string>? WaitForCompletion { get; set; }

    /// <summary>
    /// Whether the operator has begun: before, a request has no <c>Ready</c> condition, or one with the reason <c>Pending</c> while
    /// as many nodes are out of service as may be. The condition's time does not tell when, since it is False all the while.
    /// </summary>
    [JsonIgnore]
    public bool HasBegun => Conditions.Find("Ready") is { Reason: not (null or "" or "Pending") };
}

/// <summary>How far a drain is.</summary>
internal sealed class DrainStatus
{
    /// <summary>The pods that are still there, <c>ns/name</c>.</summary>
    [JsonPropertyName("waitForEviction")]
    public IList<string>? WaitForEviction { get; set; }
}
