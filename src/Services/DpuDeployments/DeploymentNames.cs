using System.Text.RegularExpressions;
using Dpf.Api.Services;

namespace Dpf.Services.DpuDeployments;

/// <summary>Names and labels that a DPUDeployment gives: pure.</summary>
internal static partial class DeploymentNames
{
    /// <summary>Label of everything that a DPUDeployment made, down to the nodes of its DPUs.</summary>
    public const string OwnedBy = "svc.dpu.nvidia.com/owned-by-dpudeployment";

    /// <summary>Label of what a DPUDeployment depends on: one that uses it.</summary>
    public const string ConsumedBy = "dpu.nvidia.com/consumed-by-dpudeployment-name";

    /// <summary>Finalizer of a DPUDeployment, and of what it depends on.</summary>
    public const string Finalizer = "dpu.nvidia.com/dpudeployment";

    /// <summary>Label of nodes that get the chain.</summary>
    public const string ChainNodes = "svc.dpu.nvidia.com/dpuservicechain-version";

    /// <summary>Label of an interface: its service.</summary>
    public const string Service = "svc.dpu.nvidia.com/service";

    /// <summary>Label of an interface: its name in the service.</summary>
    public const string Interface = "svc.dpu.nvidia.com/interface";

    /// <summary>Annotation of a DPUService: the revision of its template and configuration.</summary>
    public const string ServiceRevision = "dpuservice.nvidia.com/version";

    /// <summary>Annotation of a DPUServiceChain: the revision of its switches.</summary>
    public const string ChainRevision = "dpuservicechain.nvidia.com/version";

    /// <summary>Annotation of a DPUService: why its revision was given up.</summary>
    public const string RevisionFailed = "svc.dpu.nvidia.com/revision-failed";

    /// <summary>Label of pods whose revision runs beside another: which.</summary>
    public const string PodRevision = "svc.dpu.nvidia.com/dpuservice-revision";

    /// <summary>
    /// The value of labels that select nodes. It stays the same whatever changes in place: with a revision in it every change
    /// would take a service's pods from all nodes at once, instead of rolling over them as the service's update strategy says.
    /// </summary>
    public const string AnyRevision = "placeholder-for-version";

    /// <summary>How long a service's revision is.</summary>
    public const int RevisionLength = 10;

    /// <summary>The value of <see cref="OwnedBy"/>.</summary>
    public static string Owner(DpuDeployment deployment) => $"{deployment.Metadata.NamespaceProperty}_{deployment.Metadata.Name}";

    /// <summary>The id of a service.</summary>
    public static string ServiceId(DpuDeployment deployment, string service) => $"dpudeployment_{deployment.Metadata.Name}_{service}";

    /// <summary>The label of nodes that get a service.</summary>
    public static string ServiceNodes(string service) => $"svc.dpu.nvidia.com/dpuservice-{service}-version";

    /// <summary>The annotation of nodes: since when they have the service's label.</summary>
    public static string NodeSince(string service) => $"svc.dpu.nvidia.com/dpuservice-{service}-since";

    /// <summary>The name of a service's DPUService.</summary>
    /// <param name="deployment">The DPUDeployment.</param>
    /// <param name="service">The service.</param>
    /// <param name="slot">Which of several revisions; the first has the plain name.</param>
    public static string DpuService(DpuDeployment deployment, string service, string slot = AnyRevision) =>
        $"{deployment.Metadata.Name}-{service}{Suffix(slot)}";

    /// <summary>The name of a service's interface's DPUServiceInterface.</summary>
    /// <param name="deployment">The DPUDeployment.</param>
    /// <param name="service">The service.</param>
    /// <param name="name">The interface.</param>
    /// <param name="slot">Which of several revisions; the first has the plain name.</param>
    public static string DpuServiceInterface(DpuDeployment deployment, string service, string name, string slot = AnyRevision) =>
        $"{deployment.Metadata.Name}-{service}-{name.Replace('_', '-')}{Suffix(slot)}";

    /// <summary>The name of a DPUSet.</summary>
    public static string DpuSet(DpuDeployment deployment, string suffix) => $"{deployment.Metadata.Name}-{suffix}";

    /// <summary>Whether an object may have the name.</summary>
    public static bool IsName(string text) => text.Length <= 63 && NamePattern().IsMatch(text);

    /// <summary>Whether a label may have the value.</summary>
    public static bool IsLabelValue(string text) => text.Length <= 63 && LabelPattern().IsMatch(text);

    /// <summary>What a name of one of several revisions ends with.</summary>
    public static string Suffix(string slot) => slot == AnyRevision ? "" : $"-{slot}";

    [GeneratedRegex("^[a-z0-9]([-a-z0-9]*[a-z0-9])?$", RegexOptions.CultureInvariant)]
    private static partial Regex NamePattern();

    [GeneratedRegex("^([A-Za-z0-9]([-A-Za-z0-9_.]*[A-Za-z0-9])?)?$", RegexOptions.CultureInvariant)]
    private static partial Regex LabelPattern();
}
