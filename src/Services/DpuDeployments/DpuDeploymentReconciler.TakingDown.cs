using Dpf.Api.Services;
using Dpf.Runtime.Conditions;
using Dpf.Services.Reporting;

namespace Dpf.Services.DpuDeployments;

/// <content>Taking a DPUDeployment down: its DPUs last, because what runs on them takes part.</content>
internal sealed partial class DpuDeploymentReconciler
{
    /// <summary>One step; true once nothing is left.</summary>
    private async Task<bool> TakeDownAsync(DpuDeployment deployment, StatusDraft draft, CancellationToken cancellation)
    {
        try
        {
            var left = Say("DPUServiceChains", await _chains.DeleteAsync(deployment, cancellation)) +
                Say("DPUServiceInterfaces", await _interfaces.DeleteAsync(deployment, cancellation)) +
                Say("DPUServices", await _services.DeleteAsync(deployment, cancellation));
            if (left > 0)
            {
                draft.False(
                    "DPUSetsReconciled", Reasons.AwaitingDeletion, "DPUSets are deleted after the services, interfaces and chains");
                return false;
            }

            return Say("DPUSets", await _dpuSets.DeleteAsync(deployment, cancellation)) == 0;
        }
        catch (Exception e) when (Failures.IsExpected(e))
        {
            draft.False("DPUSetsReconciled", Reasons.AwaitingDeletion, "Error occurred: " + Failures.Describe(e));
            return false;
        }

        int Say(string kinds, int left)
        {
            draft.False(
                kinds + "Reconciled", Reasons.AwaitingDeletion, left == 0 ? $"All {kinds} are deleted" : $"There are still {left} {kinds}");

            // What is not there any more is not ready.
            draft.False(kinds + "Ready", Reasons.AwaitingDeletion, "the DPUDeployment is being deleted");
            return left;
        }
    }
}
