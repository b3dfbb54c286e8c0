using System.Globalization;
using Dpf.Runtime.Conditions;

namespace Dpf.Provisioning.Dpus.Phases;

/// <summary>
/// A step failed for good. The host stays as the node effect made it: workloads would come back to a node whose DPU does not work.
/// Only where it was the effect itself that failed is it taken back, since nothing was touched and other hosts wait for their turn.
/// A user deletes the DPU, or asks to go on with the step that failed or with the installation, or has allowed so many tries beforehand.
/// </summary>
internal static class ErrorPhase
{
    private const string Announcement = "; tried again by itself at ";

    public static async Task<Step> HandleAsync(DpuScope scope, CancellationToken cancellation)
    {
        var failed = PhaseTable.ResumeAt(scope.Dpu.Status?.Conditions);
        if (scope.Annotation(ProvisioningLabels.Retry) is { } wish)
        {
            return await BeginAsync(scope, failed, wish == ProvisioningLabels.Reinstall, automatic: 0, cancellation);
        }

        if (failed == DpuPhases.NodeEffect)
        {
            await scope.Tools.Effects.UndoAsync(scope, cancellation);
        }

        // Its system has a token, with which it joins when somebody has mended what failed.
        var waitsToJoin = PhaseTable.IsAfter(failed, DpuPhases.OsInstalling);
        if (waitsToJoin)
        {
            await scope.Tools.JoinTokens.KeepAliveAsync(scope.Dpu, cancellation);
        }

        if (scope.Dpu.Status?.Conditions.Find(DpuConditions.Stalled) is not { Status: "True", LastTransitionTime: { } since } ||
            AutomaticRetry.Next(
                scope.Count(ProvisioningLabels.AutomaticRetries), scope.Count(ProvisioningLabels.AutomaticRetriesDone),
                new DateTimeOffset(DateTime.SpecifyKind(since, DateTimeKind.Utc))) is not { } next)
        {
            return new Step.Rest { After = waitsToJoin ? JoinTokens.Interval : null };
        }

        var left = next.At - scope.Now;
        return left > TimeSpan.Zero ? Announce(scope, failed, next, left) : await BeginAsync(scope, failed, next.IsReinstall, next.Number, cancellation);
    }

    /// <summary>Says when it goes on; what failed stays said.</summary>
    private static Step.Wait Announce(DpuScope scope, string failed, AutomaticRetry next, TimeSpan left)
    {
        var said = scope.Dpu.Status?.Conditions.Find(PhaseTable.Of(failed).Condition);
        return new Step.Wait(
            said?.Reason ?? PhaseTable.Of(failed).ErrorReason,
            string.Create(
                CultureInfo.InvariantCulture,
                $"{said?.Message.Split(Announcement)[0]}{Announcement}{next.At.UtcDateTime:yyyy-MM-dd'T'HH:mm:ss'Z'} ({next.Number} of {next.Budget})"))
        {
            After = left < JoinTokens.Interval ? left : JoinTokens.Interval,
            IsOverdue = true,
        };
    }

    private static async Task<Step> BeginAsync(DpuScope scope, string failed, bool isReinstall, int automatic, CancellationToken cancellation)
    {
        // What comes before the installation is no reason to install anew.
        var isInstalled = PhaseTable.IsAfter(failed, DpuPhases.OsInstalling);
        var cannotJoin = isInstalled && !isReinstall && await scope.Tools.JoinTokens.CannotJoinAsync(scope.Dpu, cancellation);
        var phase = isInstalled && (isReinstall || cannotJoin) ? DpuPhases.OsInstalling : failed;
        var forgets = new List<(string, string?)>
        {
            (ProvisioningLabels.RetriedAt, DpuScope.Text(scope.Now)),
            (ProvisioningLabels.PhaseAttempts, null),
            (ProvisioningLabels.InstallFailures, null),
            (ProvisioningLabels.RebootFailures, null),
            (ProvisioningLabels.RebootAskedAt, null),
            (ProvisioningLabels.DrainBeganAt, null),
            (ProvisioningLabels.AutomaticRetriesDone, automatic == 0 ? null : automatic.ToString(CultureInfo.InvariantCulture)),
        };
        if (phase == DpuPhases.OsInstalling)
        {
            forgets.Add((ProvisioningLabels.InstallStep, null));
        }

        // The wish itself is forgotten when the DPU has left this phase.
        await scope.Tools.Tasks.ForgetAsync(scope.Dpu.Metadata.Uid);
        await scope.RecordAsync(cancellation, forgets);
        return new Step.Resume(phase)
        {
            Why = cannotJoin ? $"its token to join DPUCluster {ClusterAllocation.Of(scope.Dpu)} is gone, and an installation brings another" : null,
        };
    }
}
