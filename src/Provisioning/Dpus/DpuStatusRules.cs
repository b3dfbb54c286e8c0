using Dpf.Api.Provisioning;
using Dpf.Runtime.Conditions;
using k8s;

namespace Dpf.Provisioning.Dpus;

/// <summary>Derives a DPU's status from what its phase's handler decided: the one place where conditions are made.</summary>
internal static class DpuStatusRules
{
    /// <summary>The status after a step.</summary>
    /// <param name="dpu">The DPU as it was.</param>
    /// <param name="row">Its phase.</param>
    /// <param name="step">What was decided.</param>
    /// <param name="hostNetworkWorks">Whether the host's side of a ready DPU works; null to leave that as it is.</param>
    /// <param name="now">The time.</param>
    public static DpuStatus Apply(Dpu dpu, PhaseRow row, Step step, bool? hostNetworkWorks, DateTimeOffset now)
    {
        var status = Copy(dpu.Status);
        var conditions = status.Conditions ??= [];
        var generation = dpu.Metadata.Generation;
        status.Phase = row.Phase;
        switch (step)
        {
            case Step.Advance advance:
                conditions.Set(row.Condition, true, advance.Reason ?? row.Condition, advance.Message, generation, now);
                status.Phase = row.Next;
                break;
            case Step.Wait wait:
                conditions.Set(row.Condition, false, wait.Reason, wait.Message, generation, now);
                break;
            case Step.Fail fail:
                conditions.Set(row.Condition, false, fail.Reason, fail.Message, generation, now);
                conditions.Set(DpuConditions.Ready, false, fail.Reason, fail.Message, generation, now);
                status.Phase = DpuPhases.Error;
                break;
            case Step.Resume resume:
                status.Phase = resume.Phase;
                break;
        }

        if (hostNetworkWorks is { } works && conditions.IsTrue(DpuConditions.HostNetworkReady) != works)
        {
            conditions.Set(
                DpuConditions.HostNetworkReady, works, works ? DpuConditions.HostNetworkReady : "HostNetworkNotReady",
                works ? "" : $"pod {DpuNames.HostNetworkPod(dpu)} is not ready", generation, now);
        }

        if (status.Phase is not (DpuPhases.Ready or DpuPhases.Error) && row.Condition != DpuConditions.Ready)
        {
            conditions.Set(DpuConditions.Ready, false, "DPUNodeNotReady", $"the DPU is in phase {status.Phase}", generation, now);
        }

        status.PciDevice = dpu.Metadata.Labels?.TryGetValue(ProvisioningLabels.PciAddress, out var pci) == true ? pci : status.PciDevice;
        status.BfbVersion = dpu.Spec.Cluster?.NodeLabels?.GetValueOrDefault(ProvisioningLabels.BfbVersion) ?? status.BfbVersion;
        return status;
    }

    private static DpuStatus Copy(DpuStatus? status) =>
        status is null ? new DpuStatus() : KubernetesJson.Deserialize<DpuStatus>(KubernetesJson.Serialize(status));
}
