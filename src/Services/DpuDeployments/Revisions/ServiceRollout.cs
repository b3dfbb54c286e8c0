namespace Dpf.Services.DpuDeployments.Revisions;

/// <summary>A service of a DPUDeployment on its way from what there is to what is wanted.</summary>
internal sealed record ServiceRollout
{
    /// <summary>The service's name in the DPUDeployment.</summary>
    public required string Service { get; init; }

    /// <summary>The service's id, which its pods carry.</summary>
    public required string ServiceId { get; init; }

    /// <summary>The revision that is wanted.</summary>
    public required string Revision { get; init; }

    /// <summary>Whether a new revision runs beside the old one instead of replacing it in place.</summary>
    public required bool IsSideBySide { get; init; }

    /// <summary>How long a new revision may take on a DPU.</summary>
    public TimeSpan Deadline { get; init; } = TimeSpan.FromMinutes(10);

    /// <summary>The revisions that there are.</summary>
    public IReadOnlyList<ServiceSlot> Slots { get; init; } = [];

    /// <summary>The DPUs.</summary>
    public IReadOnlyList<RolloutNode> Nodes { get; init; } = [];

    /// <summary>Why there may be DPUs that cannot be seen; null when all can.</summary>
    public string? Blindness { get; init; }

    /// <summary>The time.</summary>
    public DateTimeOffset Now { get; init; }

    /// <summary>
    /// Whether this controller says which revision a node gets. A service that never had but one revision leaves that to the
    /// DPUSet, whose labels reach a node with its DPU.
    /// </summary>
    public bool IsLabelledHere => IsSideBySide || Slots.Any(s => s.Value != DeploymentNames.AnyRevision);
}
