using Dpf.Lab.ControlPlane.Workloads;
using Dpf.Runtime.Clusters;
using Dpf.Runtime.Informers;
using Dpf.Runtime.Reconciling;
using k8s.Models;
using Microsoft.Extensions.Logging;

namespace Dpf.Lab.ControlPlane.Storage;

/// <summary>
/// Keeps claims that pods use (finalizer <c>kubernetes.io/pvc-protection</c>). A claim that nobody uses any more lets its volume go
/// before it goes itself: whoever waits for its end can take the provisioner away after it, and nothing is left.
/// </summary>
internal sealed class ClaimProtection(Cache cache, ILoggerFactory loggers, TimeProvider time)
{
    private const string Finalizer = "kubernetes.io/pvc-protection";

    // For a volume whose provisioner does not answer.
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(5);
    private static readonly TimeSpan Look = TimeSpan.FromMilliseconds(100);

    public Task RunAsync(CancellationToken cancellation) =>
        Controller.For<V1PersistentVolumeClaim>(cache, "claim-protection")
            .Watches<V1Pod>(pod => Claims(pod).Select(name => new NamespacedName(pod.Metadata.NamespaceProperty, name)))
            .Build(ReconcileAsync, loggers, time).RunAsync(cancellation);

    /// <summary>Whether one of the pods uses a claim.</summary>
    internal static bool IsUsed(V1PersistentVolumeClaim claim, IEnumerable<V1Pod> pods) => pods.Any(p =>
        p.Metadata.NamespaceProperty == claim.Metadata.NamespaceProperty && p.Status?.Phase is not ("Succeeded" or "Failed") &&
        Claims(p).Contains(claim.Metadata.Name));

    private static IEnumerable<string> Claims(V1Pod pod) =>
        (pod.Spec.Volumes ?? []).Select(v => v.PersistentVolumeClaim?.ClaimName).OfType<string>();

    private async Task<Result> ReconcileAsync(NamespacedName key, CancellationToken cancellation)
    {
        if (cache.Informer<V1PersistentVolumeClaim>().Get(key.Namespace, key.Name) is not { } claim)
        {
            return Result.Done;
        }

        if (!claim.IsDeleting())
        {
            await cache.Client.AddFinalizerAsync(claim, Finalizer, cancellation);
            return Result.Done;
        }

        // Pods are asked for afresh: the local copy may not show yet one that has just begun.
        if (!claim.HasFinalizer(Finalizer) || IsUsed(claim, await cache.Client.ListAsync<V1Pod>(key.Namespace, cancellation)))
        {
            return Result.Done;
        }

        if (time.GetUtcNow() - claim.Metadata.DeletionTimestamp < Patience && claim.Spec.VolumeName is { Length: > 0 } name &&
            await cache.Client.GetAsync<V1PersistentVolume>(null, name, cancellation) is { } volume &&
            volume.Spec.ClaimRef?.Uid == claim.Metadata.Uid && volume.Spec.PersistentVolumeReclaimPolicy == "Delete")
        {
            await cache.Client.WriteStatusAsync(volume, volume.Status, new V1PersistentVolumeStatus { Phase = "Released" }, cancellation);
            return Result.RequeueAfter(Look);
        }

        await cache.Client.RemoveFinalizerAsync(claim, Finalizer, cancellation);
        return Result.Done;
    }
}
