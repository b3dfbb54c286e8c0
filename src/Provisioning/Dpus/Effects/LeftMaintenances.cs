using Dpf.Api.Provisioning;
using Dpf.Runtime.Clusters;
using Dpf.Runtime.Informers;
using Dpf.Runtime.Reconciling;
using Microsoft.Extensions.Logging;

namespace Dpf.Provisioning.Dpus.Effects;

/// <summary>
/// Ends the maintenances that provisioning began, and that somebody else shared for longer than the host had a DPU: no DPU is left
/// that would. A maintenance operator gives a node back as soon as its maintenance is deleted, so that this waits for the last requestor.
/// </summary>
internal sealed class LeftMaintenances(Cache cache) : IReconciler
{
    /// <summary>The controller.</summary>
    public static RunningController<NodeMaintenance> Build(Cache cache, ILoggerFactory loggers, TimeProvider time) =>
        Controller.For<NodeMaintenance>(cache, "left-maintenance")
            .Watches<Dpu>(d => [new NamespacedName(d.Metadata.NamespaceProperty, d.Spec.NodeName ?? "")])
            .Build(new LeftMaintenances(cache), loggers, time);

    /// <inheritdoc />
    public async Task<Result> ReconcileAsync(NamespacedName key, CancellationToken cancellation)
    {
        if (cache.Informer<NodeMaintenance>().Get(key.Namespace, key.Name) is { } maintenance && !maintenance.IsDeleting() &&
            HostEffects.IsLeft(maintenance) && !cache.Informer<Dpu>().OnHost(key.Name).Any(d => d.Metadata.NamespaceProperty == key.Namespace))
        {
            await cache.Client.DeleteAsync<NodeMaintenance>(key.Namespace, key.Name, cancellation, uid: maintenance.Metadata.Uid);
        }

        return Result.Done;
    }
}
