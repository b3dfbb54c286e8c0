using System.Text.Json.Serialization;
using k8s;
using k8s.Models;

namespace Dpf.Api.Schemas;

/// <summary>An object of one of our kinds: metadata, what is wanted, what is.</summary>
/// <typeparam name="TSpec">What the user wants.</typeparam>
/// <typeparam name="TStatus">What the controllers report.</typeparam>
public abstract class CustomObject<TSpec, TStatus> : IKubernetesObject<V1ObjectMeta>
    where TSpec : class, new()
    where TStatus : class, new()
{
    /// <summary>The group and version.</summary>
    [JsonPropertyName("apiVersion")]
    public string ApiVersion { get; set; } = "";

    /// <summary>The kind.</summary>
    [JsonPropertyName("kind")]
    public string Kind { get; set; } = "";

    /// <summary>Name, namespace, labels and the rest.</summary>
    [JsonPropertyName("metadata")]
    public V1ObjectMeta Metadata { get; set; } = new();

    /// <summary>What the user wants.</summary>
    [JsonPropertyName("spec")]
    public TSpec Spec { get; set; } = new();

    /// <summary>What the controllers report; null before they have.</summary>
    [JsonPropertyName("status")]
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public TStatus? Status { get; set; }
}

/// <summary>A status with conditions.</summary>
public interface IConditioned
{
    /// <summary>The conditions; null before there are any.</summary>
    IList<V1Condition>? Conditions { get; set; }

    /// <summary>The generation that the conditions speak of.</summary>
    long? ObservedGeneration { get; set; }
}
