using Dpf.Api.Provisioning;
using Dpf.Runtime.Conditions;
using k8s;
using k8s.Models;

namespace Dpf.Provisioning.Dpus;

/// <summary>Derives a DPU's status from what its phase's handler decided: the one place where conditions are made.</summary>
internal static class DpuStatusRules
{
    /// <summary>The status after a step.</summary>
    /// <param name="dpu">The DPU as it was.</param>
    /// <param name="row">Its phase.</param>
    /// <param name="step">What was decided.</param>
    /// <param name="network">What is wrong with the host's side of a ready DPU, "" for nothing; null to leave that as it is.</param>
    /// <param name="now">The time.</param>
    public static DpuStatus Apply(Dpu dpu, PhaseRow row, Step step, string? network, DateTimeOffset now)
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

                // What was so of the attempt before is not known of this one.
                status.Conditions = conditions = [.. conditions.Where(c => c.Type == DpuConditions.Ready ||
                    !PhaseTable.Way.Any(r => r.Condition == c.Type && PhaseTable.IsAfter(r.Phase, resume.Phase)))];
                break;
        }

        if (network is { } problem && (problem.Length > 0 || !conditions.IsTrue(DpuConditions.HostNetworkReady)))
        {
            conditions.Set(
                DpuConditions.HostNetworkReady, problem.Length == 0, problem.Length == 0 ? DpuConditions.HostNetworkReady : "HostNetworkNotReady",
                problem, generation, now);
        }

        if (status.Phase is not (DpuPhases.Ready or DpuPhases.Error) && row.Condition != DpuConditions.Ready)
        {
            conditions.Set(DpuConditions.Ready, false, "DPUNodeNotReady", $"the DPU is in phase {status.Phase}", generation, now);
        }

        SetStalled(conditions, status.Phase, step, generation, now);
        status.ObservedGeneration = generation;
        status.RequiredReset = status.Phase == DpuPhases.Rebooting ? true : status.RequiredReset is null ? null : false;
        status.PciDevice = dpu.Metadata.Labels?.TryGetValue(ProvisioningLabels.PciAddress, out var pci) == true ? pci : status.PciDevice;
        status.BfbVersion = dpu.Spec.Cluster?.NodeLabels?.GetValueOrDefault(ProvisioningLabels.BfbVersion) ?? status.BfbVersion;
        return status;
    }

    /// <summary>Abnormal when True: it is there only once there was a reason for it.</summary>
    private static void SetStalled(IList<V1Condition> conditions, string phase, Step step, long? generation, DateTimeOffset now)
    {
        switch (step)
        {
            case Step.Fail fail:
                conditions.Set(DpuConditions.Stalled, true, fail.Reason, fail.Message, generation, now);
                break;
            case Step.Wait { IsOverdue: true } wait:
                conditions.Set(DpuConditions.Stalled, true, wait.Reason, wait.Message, generation, now);
                break;
            case not Step.Rest when conditions.Find(DpuConditions.Stalled) is not null:
                conditions.Set(DpuConditions.Stalled, false, "Progressing", $"the DPU is in phase {phase}", generation, now);
                break;
        }
    }

    private static DpuStatus Copy(DpuStatus? status) =>
        status is null ? new DpuStatus() : KubernetesJson.Deserialize<DpuStatus>(KubernetesJson.Serialize(status));
}
