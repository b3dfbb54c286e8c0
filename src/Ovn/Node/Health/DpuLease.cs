using Dpf.Runtime.Clusters;
using k8s.Models;

namespace Dpf.Ovn.Node.Health;

/// <summary>
/// The Lease by which a DPU tells its host that it is there: renewed every few seconds, worth nothing some time after that.
/// </summary>
/// <param name="Namespace">Where it is.</param>
/// <param name="Node">The node; on a DPU that of its host.</param>
/// <param name="RenewInterval">How often it is renewed.</param>
/// <param name="Duration">How long a renewal counts.</param>
public sealed record DpuLease(string Namespace, string Node, TimeSpan RenewInterval, TimeSpan Duration)
{
    /// <summary>Who holds it.</summary>
    public const string Holder = "ovnkube-dpu-node";

    /// <summary>Beside a lease that is renewed: what keeps the DPU from connecting pods all the same.</summary>
    public const string CauseAnnotation = "dpf.nvidia.com/not-ready";

    /// <summary>Its name.</summary>
    public string Name => "ovn-dpu-" + Node;

    /// <summary>The lease as the DPU renews it, of the node, with which it goes.</summary>
    public V1Lease Renewed(V1Node node, DateTime now, string? cause)
    {
        var lease = new V1Lease
        {
            Metadata = new V1ObjectMeta
            {
                Name = Name,
                NamespaceProperty = Namespace,
                OwnerReferences =
                [
                    new V1OwnerReference
                    {
                        ApiVersion = "v1", Kind = "Node", Name = Node, Uid = node.Metadata.Uid, Controller = true, BlockOwnerDeletion = false,
                    },
                ],
            },
            Spec = new V1LeaseSpec
            {
                HolderIdentity = Holder,
                LeaseDurationSeconds = (int)Duration.TotalSeconds,
                RenewTime = now,
            },
        };
        if (cause is not null)
        {
            lease.Metadata.Annotations = new Dictionary<string, string> { [CauseAnnotation] = cause };
        }

        return lease;
    }

    /// <summary>
    /// Why the DPU does not connect pods; null when it does, or when there was never a lease: an older DPU renews none.
    /// </summary>
    /// <param name="lease">The lease as last seen.</param>
    /// <param name="age">How long ago this renewal was made, by the host's own clock.</param>
    public string? Cause(V1Lease? lease, TimeSpan age)
    {
        if (lease?.Spec?.RenewTime is not { } renewed)
        {
            return null;
        }

        var duration = lease.Spec.LeaseDurationSeconds is > 0 and { } seconds ? TimeSpan.FromSeconds(seconds) : Duration;
        if (age > duration)
        {
            var time = new DateTimeOffset(renewed.ToUniversalTime()).ToRfc3339();
            return $"DPU Not Ready: it renewed its lease {Namespace}/{Name} at {time} for the last time; is the DPU up, and its ovnkube-node-dpu pod running?";
        }

        return lease.Metadata.Annotations?.TryGetValue(CauseAnnotation, out var cause) == true && cause.Length > 0
            ? "DPU Not Ready: " + cause
            : null;
    }
}
