namespace Dpf.Provisioning.Dpus.Phases;

/// <summary>
/// A step failed for good. The host stays as the node effect made it: workloads would come back to a node whose DPU does not work.
/// A user deletes the DPU, or asks to go on with the step that failed.
/// </summary>
internal static class ErrorPhase
{
    public static async Task<Step> HandleAsync(DpuScope scope, CancellationToken cancellation)
    {
        if (scope.Annotation(ProvisioningLabels.Retry) is null)
        {
            return new Step.Rest();
        }

        var phase = PhaseTable.ResumeAt(scope.Dpu.Status?.Conditions);
        var forgets = new List<(string, string?)>
        {
            (ProvisioningLabels.RetriedAt, DpuScope.Text(scope.Now)),
            (ProvisioningLabels.PhaseAttempts, null),
            (ProvisioningLabels.InstallFailures, null),
            (ProvisioningLabels.RebootFailures, null),
            (ProvisioningLabels.RebootAskedAt, null),
        };
        if (phase == DpuPhases.OsInstalling)
        {
            forgets.Add((ProvisioningLabels.InstallStep, null));
        }

        // The wish itself is forgotten when the DPU has left this phase.
        await scope.Tools.Tasks.ForgetAsync(scope.Dpu.Metadata.Uid);
        await scope.RecordAsync(cancellation, forgets);
        return new Step.Resume(phase);
    }
}
