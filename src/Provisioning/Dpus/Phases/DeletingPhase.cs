using System.Globalization;
using Dpf.Provisioning.Dms;
using Dpf.Runtime.Reconciling;
using k8s.Models;

namespace Dpf.Provisioning.Dpus.Phases;

/// <summary>Everything that was made for the DPU is taken back; what cannot be reached is left behind after a while.</summary>
internal static class DeletingPhase
{
    private static readonly TimeSpan Look = TimeSpan.FromSeconds(5);
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(10);

    public static async Task<Step> HandleAsync(DpuScope scope, CancellationToken cancellation)
    {
        var dpu = scope.Dpu;
        await scope.Tools.Tasks.ForgetAsync(dpu.Metadata.Uid);
        await scope.Tools.Effects.UndoAsync(scope, cancellation);
        var configuration = Path.Combine(scope.Tools.Options.BfbFolder, DpuNames.Configuration(dpu));
        if (File.Exists(configuration))
        {
            File.Delete(configuration);
        }

        var end = dpu.Metadata.DeletionTimestamp is { } since ? new DateTimeOffset(DateTime.SpecifyKind(since, DateTimeKind.Utc)) + Patience : scope.Now;
        var isLate = scope.Now >= end || GoBool.Parse(scope.Annotation(ProvisioningLabels.ForceDelete)) == true;
        var node = await LeaveClusterAsync(scope, cancellation);
        var left = await RemoveAsync(scope, isLate || scope.Host is null, cancellation);
        if (node is not null && !isLate)
        {
            left.Add(node);
        }

        if (left.Count > 0)
        {
            return new Step.Wait(
                "Deleting",
                string.Create(
                    CultureInfo.InvariantCulture,
                    $"waiting for {string.Join(", ", left)}; what cannot be reached is left behind at {end.UtcDateTime:yyyy-MM-dd'T'HH:mm:ss'Z'}, or at once if the DPU is annotated with {ProvisioningLabels.ForceDelete}=true"))
            {
                After = Look,
            };
        }

        if (node is not null)
        {
            await scope.Tools.Events.WarningAsync(dpu, "LeftBehind", $"not removed, because it could not be reached: {node}", cancellation);
        }

        await scope.Tools.Client.RemoveFinalizerAsync(dpu, ProvisioningLabels.DpuFinalizer, cancellation);
        return new Step.Gone();
    }

    /// <summary>Removes the node from its cluster and takes its token back; says what stands in the way, or null.</summary>
    private static async Task<string?> LeaveClusterAsync(DpuScope scope, CancellationToken cancellation)
    {
        if (ClusterAllocation.Of(scope.Dpu) is not { } cluster || !scope.Tools.Clusters.Exists(scope.Dpu))
        {
            return null;
        }

        try
        {
            var remote = await scope.Tools.Clusters.OfAsync(scope.Dpu, cancellation);
            await remote.Client.DeleteAsync<V1Node>(null, scope.Dpu.Metadata.Name, cancellation);
            await scope.Tools.JoinTokens.RevokeAsync(scope.Dpu, cancellation);
            return null;
        }
        catch (Exception e) when (e is DpuClusterException or Runtime.Clusters.KubeException or HttpRequestException or TimeoutException)
        {
            return $"node {scope.Dpu.Metadata.Name} of DPUCluster {cluster} ({e.Message})";
        }
    }

    private static async Task<List<string>> RemoveAsync(DpuScope scope, bool hostIsLost, CancellationToken cancellation)
    {
        var (client, dpu, ns) = (scope.Tools.Client, scope.Dpu, scope.Key.Namespace!);
        var left = new List<string>();
        try
        {
            await client.DeleteAsync(ServerCertificate.ApiVersion, ServerCertificate.Kind, ns, DpuNames.ServerCertificate(dpu), cancellation);
        }
        catch (Runtime.Clusters.KubeException e) when (e.IsNotFound)
        {
            // Without cert-manager there is no Certificate.
        }

        await client.DeleteAsync<V1Secret>(ns, DpuNames.ServerSecret(dpu), cancellation);
        foreach (var name in (string[])[DpuNames.DmsPod(dpu), DpuNames.HostNetworkPod(dpu)])
        {
            var pod = await client.GetAsync<V1Pod>(ns, name, cancellation);
            if (pod is null || pod.Metadata.OwnerReferences?.Any(o => o.Uid == dpu.Metadata.Uid) != true)
            {
                continue;
            }

            if (!pod.IsDeleting() || hostIsLost)
            {
                // A host that is down does not confirm: its pods are taken off the books.
                await client.DeleteAsync<V1Pod>(ns, name, cancellation, gracePeriodSeconds: hostIsLost ? 0 : null, uid: pod.Metadata.Uid);
            }

            left.Add($"pod {name}");
        }

        return left;
    }
}
