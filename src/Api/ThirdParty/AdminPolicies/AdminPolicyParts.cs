using System.Text.Json.Serialization;
using Dpf.Api.Schemas;
using k8s.Models;

namespace Dpf.Api.ThirdParty.AdminPolicies;

/// <summary>The pods that an administrator's policy is about: one of the two.</summary>
public sealed class AdminPolicySubject
{
    /// <summary>All pods of the namespaces with these labels.</summary>
    [JsonPropertyName("namespaces")]
    public V1LabelSelector? Namespaces { get; set; }

    /// <summary>Pods by their namespaces and their own labels.</summary>
    [JsonPropertyName("pods")]
    public AdminPolicyPods? Pods { get; set; }
}

/// <summary>Pods by their namespaces and their own labels.</summary>
public sealed class AdminPolicyPods
{
    /// <summary>The namespaces.</summary>
    [Mandatory]
    [JsonPropertyName("namespaceSelector")]
    public V1LabelSelector NamespaceSelector { get; set; } = new();

    /// <summary>The pods in them.</summary>
    [Mandatory]
    [JsonPropertyName("podSelector")]
    public V1LabelSelector PodSelector { get; set; } = new();
}

/// <summary>Whose traffic: one of the two.</summary>
public sealed class AdminPolicyIngressPeer
{
    /// <summary>All pods of the namespaces with these labels.</summary>
    [JsonPropertyName("namespaces")]
    public V1LabelSelector? Namespaces { get; set; }

    /// <summary>Pods by their namespaces and their own labels.</summary>
    [JsonPropertyName("pods")]
    public AdminPolicyPods? Pods { get; set; }
}

/// <summary>To whom: one of the four.</summary>
public class AdminPolicyEgressPeer
{
    /// <summary>All pods of the namespaces with these labels.</summary>
    [JsonPropertyName("namespaces")]
    public V1LabelSelector? Namespaces { get; set; }

    /// <summary>Pods by their namespaces and their own labels.</summary>
    [JsonPropertyName("pods")]
    public AdminPolicyPods? Pods { get; set; }

    /// <summary>The addresses of the nodes with these labels.</summary>
    [JsonPropertyName("nodes")]
    public V1LabelSelector? Nodes { get; set; }

    /// <summary>Networks.</summary>
    [Bounds(1, 25)]
    [JsonPropertyName("networks")]
    public IList<string>? Networks { get; set; }
}

/// <summary>A port: one of the three.</summary>
public sealed class AdminPolicyPort
{
    /// <summary>A port by its number.</summary>
    [JsonPropertyName("portNumber")]
    public AdminPolicyPortNumber? PortNumber { get; set; }

    /// <summary>Ports from one number to another.</summary>
    [JsonPropertyName("portRange")]
    public AdminPolicyPortRange? PortRange { get; set; }

    /// <summary>A port by the name that the pod's container gives it.</summary>
    [JsonPropertyName("namedPort")]
    public string? NamedPort { get; set; }
}

/// <summary>A port by its number.</summary>
public sealed class AdminPolicyPortNumber
{
    /// <summary>The protocol.</summary>
    [Mandatory]
    [DefaultJson("\"TCP\"")]
    [JsonPropertyName("protocol")]
    public string Protocol { get; set; } = "TCP";

    /// <summary>The number.</summary>
    [Mandatory]
    [Bounds(1, 65535)]
    [Format("int32")]
    [JsonPropertyName("port")]
    public int Port { get; set; }
}

/// <summary>Ports from one number to another.</summary>
public sealed class AdminPolicyPortRange
{
    /// <summary>The protocol.</summary>
    [DefaultJson("\"TCP\"")]
    [JsonPropertyName("protocol")]
    public string? Protocol { get; set; }

    /// <summary>The first.</summary>
    [Mandatory]
    [Bounds(1, 65535)]
    [Format("int32")]
    [JsonPropertyName("start")]
    public int Start { get; set; }

    /// <summary>The last.</summary>
    [Mandatory]
    [Bounds(1, 65535)]
    [Format("int32")]
    [JsonPropertyName("end")]
    public int End { get; set; }
}

/// <summary>What is known of an administrator's policy.</summary>
public sealed class AdminPolicyStatus
{
    /// <summary>The conditions.</summary>
    [ListMap("type")]
    [JsonPropertyName("conditions")]
    public IList<V1Condition>? Conditions { get; set; }
}
