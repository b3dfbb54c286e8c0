using Dpf.Api.Services;
using Dpf.Runtime.Clusters;
using Dpf.Runtime.Conditions;
using Dpf.Runtime.Reconciling;
using Dpf.Services.Argo;
using Dpf.Services.Reporting;

namespace Dpf.Services.DpuServices;

/// <content>Pausing a DPUService, and taking it down.</content>
internal sealed partial class DpuServiceReconciler
{
    /// <summary>Keeps Argo CD from touching anything; what there is stays, and is still reported on.</summary>
    private async Task<Result?> PauseAsync(DpuService service, StatusDraft draft, CancellationToken cancellation)
    {
        foreach (var application in Owned(service))
        {
            await _writer.PauseAsync(application, cancellation);
        }

        if (service.IsDeleting())
        {
            draft.False(
                ApplicationsReconciled, Reasons.AwaitingDeletion, "spec.paused is true: set it to false to let the deletion go on");
        }

        Summarise(service, draft);
        return Result.Done;
    }

    /// <summary>Deletes the Applications, then lets go of the interfaces; null once that is done.</summary>
    private async Task<Result?> TakeDownAsync(DpuService service, StatusDraft draft, CancellationToken cancellation)
    {
        foreach (var application in Owned(service))
        {
            await _writer.DeleteAsync(application, IsClusterGone(application), cancellation);
        }

        var left = await LeftAsync(service, cancellation);
        if (left.Count > 0)
        {
            var names = left.Select(a => $"{a.Metadata.NamespaceProperty}/{a.Metadata.Name}.{ArgoObjects.Group}");
            var silent = links.All.Where(l => l.Remote is null && left.Any(a => a.Label(ArgoObjects.ClusterLabel) == DestinationOf(l)))
                .Select(l => l.Complaint);
            draft.False(
                ApplicationsReconciled, Reasons.AwaitingDeletion,
                string.Join("; ", silent.Prepend("Applications are not gone yet: " + string.Join(", ", names))));
            Summarise(service, draft);
            return Result.RequeueAfter(Patience);
        }

        var there = _interfaces.All.Where(i => i.Metadata.NamespaceProperty == service.Metadata.NamespaceProperty);
        foreach (var released in ServiceInterfaces.ToRelease(service, isLeaving: true, there))
        {
            await MarkAsync(released, null, cancellation);
        }

        return null;
    }

    // Asked anew: an Application that was made a moment ago is in no cache yet.
    private async Task<IReadOnlyList<ArgoApplication>> LeftAsync(DpuService service, CancellationToken cancellation)
    {
        try
        {
            var selector =
                $"{ArgoObjects.ServiceNameLabel}={service.Metadata.Name},{ArgoObjects.ServiceNamespaceLabel}={service.Metadata.NamespaceProperty}";
            return await _client.ListAsync<ArgoApplication>(null, cancellation, selector);
        }
        catch (KubeException e) when (e.IsNotFound)
        {
            // Argo CD itself is gone.
            return [];
        }
    }
}
