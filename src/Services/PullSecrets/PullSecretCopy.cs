using Dpf.Api.Services;
using Dpf.Runtime.Informers;
using k8s.Models;

namespace Dpf.Services.PullSecrets;

/// <summary>Which Secrets go to DPU clusters, and as what: pure.</summary>
internal static class PullSecretCopy
{
    /// <summary>The label that asks for it; its value means nothing.</summary>
    public const string Label = "dpu.nvidia.com/image-pull-secret";

    /// <summary>Who applies the copies.</summary>
    public const string FieldManager = "dpuservice-manager";

    /// <summary>The Secrets that carry the label.</summary>
    public static InformerScope Labelled { get; } = new(LabelSelector: Label);

    /// <summary>The copy: everything but annotations.</summary>
    public static V1Secret Of(V1Secret source) => new()
    {
        ApiVersion = "v1",
        Kind = "Secret",
        Metadata = new V1ObjectMeta
        {
            Name = source.Metadata.Name,
            NamespaceProperty = source.Metadata.NamespaceProperty,
            Labels = source.Metadata.Labels,
        },
        Immutable = source.Immutable,
        Data = source.Data,
        Type = source.Type,
    };

    /// <summary>Whether a namespace has a service whose pods, in DPU clusters, may need its Secrets.</summary>
    public static bool IsServed(string ns, IEnumerable<DpuService> services) => services.Any(s =>
        s.Metadata.NamespaceProperty == ns && s.Metadata.DeletionTimestamp is null && s.Spec.DeployInCluster != true);

    /// <summary>Whether a Secret in a DPU cluster is a copy, and not somebody's own that only has the label.</summary>
    public static bool IsCopy(V1Secret secret) => secret.Metadata.ManagedFields?.Any(f => f.Manager == FieldManager) == true;

    /// <summary>Whether a copy cannot be changed into the wanted one: a type is for ever, and so is immutable data.</summary>
    public static bool MustBeReplaced(V1Secret live, V1Secret wanted) =>
        live.Type != wanted.Type || (live.Immutable == true && !HasData(live, wanted));

    /// <summary>Whether a copy holds what it should.</summary>
    public static bool HasData(V1Secret live, V1Secret wanted)
    {
        var (one, other) = (live.Data ?? new Dictionary<string, byte[]>(), wanted.Data ?? new Dictionary<string, byte[]>());
        return one.Count == other.Count && one.All(d => other.TryGetValue(d.Key, out var bytes) && d.Value.AsSpan().SequenceEqual(bytes));
    }
}
