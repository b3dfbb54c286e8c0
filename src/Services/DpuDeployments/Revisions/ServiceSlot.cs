using Dpf.Api.Services;
using Dpf.Runtime.Conditions;

namespace Dpf.Services.DpuDeployments.Revisions;

/// <summary>
/// A DPUService of a service of a DPUDeployment: one revision of it, on the nodes whose label has the slot's value. Most
/// services have one only, which is changed in place.
/// </summary>
/// <param name="Value">The value; that of the first one is <see cref="DeploymentNames.AnyRevision"/>.</param>
/// <param name="Name">The DPUService's name.</param>
/// <param name="Revision">The revision that it is of.</param>
/// <param name="Interfaces">Its interfaces' names.</param>
/// <param name="IsReady">Whether it works wherever it is.</param>
/// <param name="Failure">Why it was given up; null when it was not.</param>
/// <param name="Created">Since when there is one.</param>
internal sealed record ServiceSlot(
    string Value, string Name, string? Revision, IReadOnlyList<string> Interfaces, bool IsReady, string? Failure, DateTime Created)
{
    /// <summary>The slots that a service of a DPUDeployment has.</summary>
    public static IReadOnlyList<ServiceSlot> Of(DpuDeployment deployment, string service, IEnumerable<DpuService> children)
    {
        var (first, id) = (DeploymentNames.DpuService(deployment, service), DeploymentNames.ServiceId(deployment, service));
        return
        [
            .. children.Where(c => c.Spec.ServiceId == id && c.Metadata.DeletionTimestamp is null)
                .Where(c => c.Metadata.Name == first || c.Metadata.Name.StartsWith(first + "-", StringComparison.Ordinal))
                .Select(c => new ServiceSlot(
                    c.Metadata.Name == first ? DeploymentNames.AnyRevision : c.Metadata.Name[(first.Length + 1)..], c.Metadata.Name,
                    Annotation(c, DeploymentNames.ServiceRevision), [.. c.Spec.Interfaces ?? []],
                    c.Status?.ObservedGeneration == c.Metadata.Generation && c.Status?.Conditions.IsTrue(ConditionExtensions.Ready) == true,
                    Annotation(c, DeploymentNames.RevisionFailed), c.Metadata.CreationTimestamp ?? DateTime.MinValue)),
        ];
    }

    private static string? Annotation(DpuService service, string key) =>
        service.Metadata.Annotations?.TryGetValue(key, out var value) == true ? value : null;
}
