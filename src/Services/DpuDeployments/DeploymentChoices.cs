namespace Dpf.Services.DpuDeployments;

/// <summary>What of a DPUDeployment depends on what there is already, and not on what is wanted alone.</summary>
internal sealed record DeploymentChoices
{
    /// <summary>The choices for services, by name.</summary>
    public IReadOnlyDictionary<string, RevisionChoice> Services { get; init; } = new Dictionary<string, RevisionChoice>();

    /// <summary>The BFB of a DPUSet, by the set's name, if it is not yet the wanted one.</summary>
    public Func<string, string?> Bfb { get; init; } = _ => null;

    /// <summary>The choice for a service.</summary>
    public RevisionChoice Of(string service) => Services.GetValueOrDefault(service) ?? RevisionChoice.InPlace;
}

/// <summary>Which of a service's DPUServices is the wanted one.</summary>
/// <param name="Slot">The value of the nodes' label that selects it.</param>
/// <param name="Failure">Why its revision was given up; null when it was not.</param>
/// <param name="IsLabelledByDpuSet">Whether the DPUSet gives nodes the label.</param>
internal sealed record RevisionChoice(string Slot, string? Failure, bool IsLabelledByDpuSet)
{
    /// <summary>The only one.</summary>
    public static RevisionChoice InPlace { get; } = new(DeploymentNames.AnyRevision, null, IsLabelledByDpuSet: true);
}
