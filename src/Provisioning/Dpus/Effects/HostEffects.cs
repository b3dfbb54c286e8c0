using System.Text.Json.Nodes;
using Dpf.Api.Provisioning;
using Dpf.Runtime.Informers;
using Dpf.Runtime.Reconciling;
using k8s.Models;

namespace Dpf.Provisioning.Dpus.Effects;

/// <summary>
/// Keeps workloads away from a host while its DPUs are provisioned: by labels, a taint or a drain. The DPUs of one host share the
/// effect; the last one that needs it takes it away.
/// </summary>
internal sealed class HostEffects(Cache cache)
{
    private const string FirstRequestor = "dpu.nvidia.com";
    private const string OurRequestor = "provisioning.dpu.nvidia.com";

    /// <summary>Brings the effect about; null when it is there, else what is waited for.</summary>
    public async Task<Step.Wait?> ApplyAsync(DpuScope scope, CancellationToken cancellation)
    {
        var effect = scope.Dpu.Spec.NodeEffect;
        if (effect is null || effect.NoEffect == true)
        {
            return null;
        }

        if (effect.CustomLabel is { Count: > 0 } || effect.Taint is not null)
        {
            var node = scope.Host ?? throw new InvalidOperationException($"node {scope.Dpu.Spec.NodeName} does not exist");
            if (NodeMark.Apply(node, effect) is { } patch)
            {
                await cache.Client.PatchAsync<V1Node>(null, node.Metadata.Name, patch, cancellation);
            }

            return null;
        }

        return effect.Drain is not null ? await DrainAsync(scope, cancellation) : null;
    }

    /// <summary>Takes the effect away, unless another DPU of the host needs it still.</summary>
    public async Task UndoAsync(DpuScope scope, CancellationToken cancellation)
    {
        if (scope.Siblings.Any(NeedsEffect))
        {
            return;
        }

        if (scope.Host is { } node && NodeMark.Undo(node) is { } patch)
        {
            await cache.Client.PatchAsync<V1Node>(null, node.Metadata.Name, patch, cancellation);
        }

        if (Maintenance(scope) is { } maintenance && !maintenance.IsDeleting())
        {
            await LeaveAsync(maintenance, cancellation);
        }
    }

    /// <summary>Whether a DPU's host has to be kept free still. One that failed before its host was free has touched nothing.</summary>
    internal static bool NeedsEffect(Dpu dpu) =>
        !dpu.IsDeleting() && dpu.Spec.NodeEffect is { NoEffect: not true } &&
        dpu.Status?.Phase is not (null or "" or DpuPhases.Initializing or DpuPhases.Ready or DpuPhases.Deleting) &&
        !(dpu.Status.Phase == DpuPhases.Error && PhaseTable.ResumeAt(dpu.Status.Conditions) == DpuPhases.NodeEffect);

    /// <summary>Whether a maintenance is provisioning's own, and nobody needs it any more.</summary>
    internal static bool IsLeft(NodeMaintenance maintenance) =>
        maintenance.Spec.RequestorId == FirstRequestor && (maintenance.Spec.AdditionalRequestors?.Count ?? 0) == 0;

    private NodeMaintenance? Maintenance(DpuScope scope) =>
        cache.Informer<NodeMaintenance>().Get(scope.Key.Namespace, scope.Dpu.Spec.NodeName);

    private async Task<Step.Wait?> DrainAsync(DpuScope scope, CancellationToken cancellation)
    {
        var node = scope.Dpu.Spec.NodeName;
        var maintenance = Maintenance(scope);
        if (maintenance is null)
        {
            await cache.Client.CreateAsync(
                new NodeMaintenance
                {
                    Metadata = new V1ObjectMeta { Name = node, NamespaceProperty = scope.Key.Namespace },
                    Spec = new NodeMaintenanceSpec
                    {
                        RequestorId = FirstRequestor,
                        AdditionalRequestors = [OurRequestor],
                        NodeName = node,
                        DrainSpec = new DrainSpec { Force = true, DeleteEmptyDir = true },
                    },
                },
                cancellation);
            return new Step.Wait("Draining", $"node {node}: NodeMaintenance made; its pods are moved away") { IsQueued = true };
        }

        if (maintenance.IsDeleting())
        {
            return new Step.Wait("Draining", $"node {node}: an earlier NodeMaintenance is ending") { IsQueued = true };
        }

        if (maintenance.Spec.AdditionalRequestors?.Contains(OurRequestor) != true)
        {
            await RequestAsync(maintenance, [.. maintenance.Spec.AdditionalRequestors ?? [], OurRequestor], cancellation);
        }

        if (DrainReport.Of(node, maintenance.Status) is not { } report)
        {
            return null;
        }

        // Until it begins other nodes come first, which is no fault of this one.
        return await BeganAsync(scope, maintenance.Status?.HasBegun == true, cancellation) is { } began
            ? new Step.Wait("Draining", report) { Since = began }
            : new Step.Wait("Draining", report) { IsQueued = true };
    }

    /// <summary>When the drain began: written down when it is first seen, since the maintenance does not tell; null before.</summary>
    private static async Task<DateTimeOffset?> BeganAsync(DpuScope scope, bool hasBegun, CancellationToken cancellation)
    {
        var written = scope.Moment(ProvisioningLabels.DrainBeganAt);
        if (written.HasValue == hasBegun)
        {
            return written;
        }

        var began = hasBegun ? scope.Now : (DateTimeOffset?)null;
        await scope.RecordAsync(cancellation, (ProvisioningLabels.DrainBeganAt, began is { } moment ? DpuScope.Text(moment) : null));
        return began;
    }

    /// <summary>Withdraws our request; the maintenance ends with the last one, see <see cref="LeftMaintenances"/>.</summary>
    private async Task LeaveAsync(NodeMaintenance maintenance, CancellationToken cancellation)
    {
        if (maintenance.Spec.AdditionalRequestors?.Contains(OurRequestor) != true && maintenance.Spec.RequestorId != FirstRequestor)
        {
            return;
        }

        var others = (maintenance.Spec.AdditionalRequestors ?? []).Where(r => r != OurRequestor).ToList();
        if (maintenance.Spec.RequestorId == FirstRequestor && others.Count == 0)
        {
            await cache.Client.DeleteAsync<NodeMaintenance>(
                maintenance.Metadata.NamespaceProperty, maintenance.Metadata.Name, cancellation, uid: maintenance.Metadata.Uid);
        }
        else if (others.Count != (maintenance.Spec.AdditionalRequestors?.Count ?? 0))
        {
            await RequestAsync(maintenance, others, cancellation);
        }
    }

    private Task RequestAsync(NodeMaintenance maintenance, IEnumerable<string> requestors, CancellationToken cancellation) =>
        cache.Client.PatchAsync<NodeMaintenance>(
            maintenance.Metadata.NamespaceProperty, maintenance.Metadata.Name,
            new JsonObject
            {
                ["metadata"] = new JsonObject { ["resourceVersion"] = maintenance.Metadata.ResourceVersion },
                ["spec"] = new JsonObject { ["additionalRequestors"] = new JsonArray([.. requestors.Select(r => (JsonNode)r)]) },
            },
            cancellation);
}
