using System.Collections.Frozen;
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
    /// <summary>How long the phase may take, and the reason when it takes longer; null for as long as it takes.</summary>
    public Func<ProvisioningOptions, (TimeSpan Limit, string Reason)?> Deadline { get; init; } = _ => null;
}

/// <summary>The life of a DPU.</summary>
internal static class PhaseTable
{
    /// <summary>The way from nothing to Ready, in order.</summary>
    public static IReadOnlyList<PhaseRow> Way { get; } =
    [
        new(DpuPhases.Initializing, DpuConditions.Initialized, DpuPhases.NodeEffect, "ErrorOccured", InitializingPhase.HandleAsync),
        new(DpuPhases.NodeEffect, DpuConditions.NodeEffectReady, DpuPhases.Pending, "ErrorOccured", NodeEffectPhase.HandleAsync)
        {
            Deadline = _ => (TimeSpan.FromHours(1), "NodeEffectTimedout"),
        },
        new(DpuPhases.Pending, DpuConditions.BfbReady, DpuPhases.DmsDeployment, "GetBFBFailed", PendingPhase.HandleAsync),
        new(DpuPhases.DmsDeployment, DpuConditions.DmsRunning, DpuPhases.OsInstalling, "ErrorOccured", DmsDeploymentPhase.HandleAsync)
        {
            Deadline = options => (options.DmsPodTimeout, "DMSPodTimedout"),
        },
        new(DpuPhases.OsInstalling, DpuConditions.OsInstalled, DpuPhases.Rebooting, "InstallationFailed", OsInstallingPhase.HandleAsync),
        new(DpuPhases.Rebooting, DpuConditions.Rebooted, DpuPhases.HostNetworkConfiguration, "InvalidState", RebootingPhase.HandleAsync),
        new(DpuPhases.HostNetworkConfiguration, DpuConditions.HostNetworkReady, DpuPhases.ClusterConfig, "Initializing", HostNetworkPhase.HandleAsync)
        {
            Deadline = _ => (TimeSpan.FromMinutes(30), "InitializationFailed"),
        },
        new(DpuPhases.ClusterConfig, DpuConditions.Ready, DpuPhases.Ready, "DPUNodeGetError", ClusterConfigPhase.HandleAsync)
        {
            Deadline = _ => (TimeSpan.FromMinutes(30), "DPUNodeJoinTimedout"),
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

    /// <summary>The phase that failed: the first whose condition is not True.</summary>
    public static string ResumeAt(IEnumerable<V1Condition>? conditions)
    {
        var list = (conditions ?? []).ToList();
        return Way.FirstOrDefault(r => !list.IsTrue(r.Condition))?.Phase ?? DpuPhases.Ready;
    }

    /// <summary>When a phase began: when the one before it was over, or when a user asked to try again; null if unknown.</summary>
    public static DateTimeOffset? Since(PhaseRow row, IEnumerable<V1Condition>? conditions, DateTimeOffset? retried)
    {
        var at = Way.ToList().IndexOf(row);
        if (at <= 0 || conditions.Find(Way[at - 1].Condition) is not { Status: "True", LastTransitionTime: { } over })
        {
            return null;
        }

        var since = new DateTimeOffset(DateTime.SpecifyKind(over, DateTimeKind.Utc));
        return retried > since ? retried : since;
    }
}
