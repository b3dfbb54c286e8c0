using System.Collections.Frozen;
using Dpf.Api.Provisioning;
using Dpf.Provisioning.Dpus.Phases;
using Dpf.Runtime.Conditions;
using k8s.Models;

namespace Dpf.Provisioning.Dpus;

/// <summary>One phase of a DPU's life.</summary>
/// <param name="Phase">Its name.</param>
/// <param name="Condition">The condition that says whether it is over.</param>
/// <param name="Next">The phase that follows.</param>
/// <param name="ErrorReason">The condition's reason when the handler could not do its work.</param>
/// <param name="Handle">Looks at the world and does what is next.</param>
internal sealed record PhaseRow(
    string Phase, string Condition, string Next, string ErrorReason, Func<DpuScope, CancellationToken, Task<Step>> Handle)
{
    /// <summary>How long the phase may take; null for as long as it likes.</summary>
    public Func<ProvisioningOptions, PhaseLimit?> Limit { get; init; } = _ => null;

    /// <summary>Whether the DPU has to be seen in this phase, by the other DPUs of its host, before anything is done in it.</summary>
    public bool IsSeenFirst { get; init; }

    /// <summary>How often it may be begun anew after it failed, and what is done to begin anew.</summary>
    public (int Attempts, Func<DpuScope, CancellationToken, Task> Begin)? Again { get; init; }
}

/// <summary>How long a phase may take.</summary>
/// <param name="Time">So long.</param>
/// <param name="Reason">The reason for which it ends then; null for none: it goes on, since it waits for others, but is called stalled.</param>
internal sealed record PhaseLimit(TimeSpan Time, string? Reason);

/// <summary>The life of a DPU.</summary>
internal static class PhaseTable
{
    /// <summary>The way from nothing to Ready, in order.</summary>
    public static IReadOnlyList<PhaseRow> Way { get; } =
    [
        new(DpuPhases.Initializing, DpuConditions.Initialized, DpuPhases.NodeEffect, "ErrorOccured", InitializingPhase.HandleAsync)
        {
            Limit = _ => new PhaseLimit(TimeSpan.FromMinutes(30), null),
        },
        new(DpuPhases.NodeEffect, DpuConditions.NodeEffectReady, DpuPhases.Pending, "ErrorOccured", NodeEffectPhase.HandleAsync)
        {
            IsSeenFirst = true,
            Limit = _ => new PhaseLimit(TimeSpan.FromHours(1), "NodeEffectTimedout"),
        },
        new(DpuPhases.Pending, DpuConditions.BfbReady, DpuPhases.DmsDeployment, "GetBFBFailed", PendingPhase.HandleAsync)
        {
            Limit = _ => new PhaseLimit(TimeSpan.FromHours(1), null),
        },
        new(DpuPhases.DmsDeployment, DpuConditions.DmsRunning, DpuPhases.OsInstalling, "ErrorOccured", DmsDeploymentPhase.HandleAsync)
        {
            Limit = options => new PhaseLimit(options.DmsPodTimeout, "DMSPodTimedout"),
            Again = (3, (scope, cancellation) => scope.Tools.Pods.RemoveAsync(scope, DpuNames.DmsPod(scope.Dpu), cancellation)),
        },
        new(DpuPhases.OsInstalling, DpuConditions.OsInstalled, DpuPhases.Rebooting, "InstallationFailed", OsInstallingPhase.HandleAsync)
        {
            // Attempts are counted by the handler; this is for what is none, e.g. a card that waits for a power cycle.
            Limit = _ => new PhaseLimit(TimeSpan.FromHours(2), null),
        },
        new(DpuPhases.Rebooting, DpuConditions.Rebooted, DpuPhases.HostNetworkConfiguration, "InvalidState", RebootingPhase.HandleAsync)
        {
            Limit = _ => new PhaseLimit(TimeSpan.FromHours(1), null),
        },
        new(DpuPhases.HostNetworkConfiguration, DpuConditions.HostNetworkReady, DpuPhases.ClusterConfig, "Initializing", HostNetworkPhase.HandleAsync)
        {
            Limit = _ => new PhaseLimit(TimeSpan.FromMinutes(30), "InitializationFailed"),
            Again = (2, (scope, cancellation) => scope.Tools.Pods.RemoveAsync(scope, DpuNames.HostNetworkPod(scope.Dpu), cancellation)),
        },
        new(DpuPhases.ClusterConfig, DpuConditions.Ready, DpuPhases.Ready, "DPUNodeGetError", ClusterConfigPhase.HandleAsync)
        {
            Limit = _ => new PhaseLimit(TimeSpan.FromMinutes(30), "DPUNodeJoinTimedout"),
        },
    ];

    private static readonly FrozenDictionary<string, PhaseRow> Rows = Way.Concat(
    [
        new(DpuPhases.Ready, DpuConditions.Ready, DpuPhases.Ready, "DPUNodeGetError", ReadyPhase.HandleAsync),
        new(DpuPhases.Error, DpuConditions.Ready, DpuPhases.Error, "ErrorOccured", ErrorPhase.HandleAsync),
        new(DpuPhases.Deleting, DpuConditions.Ready, DpuPhases.Deleting, "Deleting", DeletingPhase.HandleAsync),
    ]).ToFrozenDictionary(r => r.Phase, StringComparer.Ordinal);

    /// <summary>The row of a phase; a new DPU has none, which is the first.</summary>
    /// <exception cref="FormatException">There is no such phase.</exception>
    public static PhaseRow Of(string? phase) => string.IsNullOrEmpty(phase)
        ? Way[0]
        : Rows.GetValueOrDefault(phase) ?? throw new FormatException($"status.phase: '{phase}' is no phase of a DPU");

    /// <summary>Whether the next phase may begin in the same look that ended this one.</summary>
    /// <param name="row">The phase that is over.</param>
    /// <param name="isAlone">Whether its host has no other DPU, which would have to see it first.</param>
    public static bool GoesOn(PhaseRow row, bool isAlone) => row.Next != row.Phase && (isAlone || !Of(row.Next).IsSeenFirst);

    /// <summary>The phase that failed: the first whose condition is not True.</summary>
    public static string ResumeAt(IEnumerable<V1Condition>? conditions)
    {
        var list = (conditions ?? []).ToList();
        return Way.FirstOrDefault(r => !list.IsTrue(r.Condition))?.Phase ?? DpuPhases.Ready;
    }

    /// <summary>Whether a phase comes after another on the way.</summary>
    public static bool IsAfter(string phase, string other) => !Way.TakeWhile(r => r.Phase != other).Append(Of(other)).Any(r => r.Phase == phase);

    /// <summary>
    /// When a phase began: when the DPU was made or the phase before was over, or later, when it was begun anew; null if unknown.
    /// </summary>
    public static DateTimeOffset? Since(PhaseRow row, Dpu dpu, DateTimeOffset? retried)
    {
        var at = Way.ToList().IndexOf(row);
        var over = at == 0 ? dpu.Metadata.CreationTimestamp
            : at > 0 && dpu.Status?.Conditions.Find(Way[at - 1].Condition) is { Status: "True" } before ? before.LastTransitionTime
            : null;
        if (over is not { } moment)
        {
            return null;
        }

        var since = new DateTimeOffset(DateTime.SpecifyKind(moment, DateTimeKind.Utc));
        return retried > since ? retried : since;
    }
}
