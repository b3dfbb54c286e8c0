using Dpf.Api.Services;
using Dpf.Runtime.Selecting;
using Dpf.Services.DpuServices;
using k8s.Models;

namespace Dpf.Services.Admission;

/// <summary>What DPUServiceInterfaces and DPUServiceChains must not say: pure.</summary>
internal static class SetRules
{
    // The kernel's limit for the name of a network device.
    private const int MaxDeviceName = 15;

    private static readonly string[] TrackingLabels =
    [
        "svc.dpu.nvidia.com/serviceinterfaceset-name", "svc.dpu.nvidia.com/serviceinterfaceset-namespace",
        "svc.dpu.nvidia.com/servicechainset-name", "svc.dpu.nvidia.com/servicechainset-namespace", "svc.dpu.nvidia.com/nodeName",
    ];

    /// <summary>Looks at an interface.</summary>
    public static Findings Of(DpuServiceInterface value)
    {
        var findings = new Findings();
        findings.RefuseUnlessLabel(value.Metadata.Name);
        Selector(findings, "spec.clusterSelector", value.Spec.ClusterSelector);
        Selector(findings, "spec.template.spec.nodeSelector", value.Spec.Template.Spec.NodeSelector);
        Labels(findings, value.Spec.Template.Spec.Template.Metadata?.Labels);
        if (value.Spec.Template.Spec.Template.Spec.InterfaceType == "vlan")
        {
            findings.Warn("spec.template.spec.template.spec.interfaceType: an interface of type vlan gets no port; name its parent interface in the chain, tags pass through it");
        }

        if (value.Spec.Template.Spec.Template.Spec.Service is { } service)
        {
            try
            {
                _ = NetworkAnnotation.Element(service);
            }
            catch (FormatException e)
            {
                findings.Refuse("spec.template.spec.template.spec.service", e.Message);
            }

            if (service.InterfaceName.Length is 0 or > MaxDeviceName)
            {
                findings.Refuse(
                    "spec.template.spec.template.spec.service.interfaceName",
                    $"'{service.InterfaceName}' becomes the name of a network device: 1 to {MaxDeviceName} characters");
            }
        }

        return findings;
    }

    /// <summary>Looks at a chain.</summary>
    public static Findings Of(DpuServiceChain value)
    {
        var findings = new Findings();
        findings.RefuseUnlessLabel(value.Metadata.Name);
        Selector(findings, "spec.clusterSelector", value.Spec.ClusterSelector);
        Selector(findings, "spec.template.spec.nodeSelector", value.Spec.Template.Spec.NodeSelector);
        Labels(findings, value.Spec.Template.Spec.Template.Metadata?.Labels);
        Pools(findings, value.Spec.Template.Spec.Template.Spec.Switches.SelectMany(s => s.Ports).Select(p => p.ServiceInterface.Ipam));
        return findings;
    }

    /// <summary>Looks at what ports of chains say of addresses.</summary>
    public static void Pools(Findings findings, IEnumerable<ServiceChainIpam?> pools)
    {
        if (pools.Any(p => p?.SetDefaultRoute is not null))
        {
            findings.Warn("ipam.setDefaultRoute: it has no effect; ipam.defaultGateway: true makes the pool's gateway the pod's default route");
        }
    }

    private static void Selector(Findings findings, string path, V1LabelSelector? selector)
    {
        foreach (var (index, requirement) in (selector?.MatchExpressions ?? []).Index())
        {
            if (LabelSelection.Problem(requirement) is { } problem)
            {
                findings.Refuse($"{path}.matchExpressions[{index}]", problem);
            }
        }
    }

    // A set finds its children by them.
    private static void Labels(Findings findings, Dictionary<string, string>? labels)
    {
        foreach (var label in TrackingLabels.Where(l => labels?.ContainsKey(l) == true))
        {
            findings.Refuse("spec.template.spec.template.metadata.labels", $"'{label}' is set by the controller; take it out");
        }
    }
}
