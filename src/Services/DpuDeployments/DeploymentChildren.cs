using Dpf.Api.Provisioning;
using Dpf.Api.Services;
using Dpf.Runtime.Clusters;
using Dpf.Services.DpuServices;
using k8s;
using k8s.Models;

namespace Dpf.Services.DpuDeployments;

/// <summary>All that a DPUDeployment consists of, as one pure function of it and of what it refers to.</summary>
/// <param name="Interfaces">An interface for each interface of each service.</param>
/// <param name="Services">A service each.</param>
/// <param name="Chains">The one chain.</param>
/// <param name="DpuSets">A set of DPUs each.</param>
internal sealed record DeploymentChildren(
    IReadOnlyList<DpuServiceInterface> Interfaces, IReadOnlyList<DpuService> Services, IReadOnlyList<DpuServiceChain> Chains,
    IReadOnlyList<DpuSet> DpuSets)
{
    /// <summary>The children.</summary>
    public static DeploymentChildren Of(DeploymentInputs inputs) => new(
        [.. inputs.Services.SelectMany(s => (s.Configuration.Spec.Interfaces ?? []).Select(i => Interface(inputs.Deployment, s, i)))],
        [.. inputs.Services.Select(s => Service(inputs.Deployment, s))],
        [Chain(inputs.Deployment)],
        [.. (inputs.Deployment.Spec.Dpus.DpuSets ?? []).Select(s => DpuSet(inputs, s))]);

    private static DpuServiceInterface Interface(
        DpuDeployment deployment, DeployedService service, DpuServiceConfigurationInterface configured) =>
        Child<DpuServiceInterface>(deployment, DeploymentNames.DpuServiceInterface(deployment, service.Name, configured.Name), child =>
        {
            var id = DeploymentNames.ServiceId(deployment, service.Name);
            child.Spec.Template.Spec = new ServiceInterfaceSetSpec
            {
                NodeSelector = Nodes(deployment, DeploymentNames.ServiceNodes(service.Name)),
                Template = new ServiceInterfaceSetTemplate
                {
                    Metadata = new ServiceInterfaceSetMetadata
                    {
                        Labels = new Dictionary<string, string>
                        {
                            [DeploymentNames.Service] = id, [DeploymentNames.Interface] = configured.Name,
                        },
                    },
                    Spec = new ServiceInterfaceSpec
                    {
                        InterfaceType = "service",
                        Service = new ServiceInterfaceService
                        {
                            ServiceId = id, Network = configured.Network, InterfaceName = configured.Name,
                        },
                    },
                },
            };
        });

    private static DpuService Service(DpuDeployment deployment, DeployedService service) =>
        Child<DpuService>(deployment, DeploymentNames.DpuService(deployment, service.Name), child =>
        {
            child.Metadata.Annotations = new Dictionary<string, string> { [DeploymentNames.ServiceRevision] = Revision(service) };
            var (template, configured) = (service.Template.Spec.HelmChart, service.Configuration.Spec.ServiceConfiguration);
            child.Spec = new DpuServiceSpec
            {
                HelmChart = new HelmChart
                {
                    Source = template.Source,
                    Values = configured?.HelmChart?.Values is null && template.Values is null
                        ? null
                        : Values.Merge(configured?.HelmChart?.Values, template.Values),
                },
                ServiceId = DeploymentNames.ServiceId(deployment, service.Name),
                DeployInCluster = configured?.DeployInCluster,
                Interfaces = service.Configuration.Spec.Interfaces is { Count: > 0 } interfaces
                    ? [.. interfaces.Select(i => DeploymentNames.DpuServiceInterface(deployment, service.Name, i.Name))]
                    : null,
                ServiceDaemonSet = DaemonSet(deployment, service),
            };
        });

    private static ServiceDaemonSet? DaemonSet(DpuDeployment deployment, DeployedService service)
    {
        var configured = service.Configuration.Spec.ServiceConfiguration?.ServiceDaemonSet;
        var settings = new ServiceDaemonSet { Labels = configured?.Labels, Annotations = configured?.Annotations };
        if (!service.IsInCluster)
        {
            settings.NodeSelector = new V1NodeSelector
            {
                NodeSelectorTerms =
                [
                    new V1NodeSelectorTerm
                    {
                        MatchExpressions =
                        [
                            .. NodeLabels(deployment, DeploymentNames.ServiceNodes(service.Name)).Select(l => new V1NodeSelectorRequirement
                            {
                                Key = l.Key, OperatorProperty = "In", Values = [l.Value],
                            }),
                        ],
                    },
                ],
            };
        }

        return settings is { Labels: null, Annotations: null, NodeSelector: null } ? null : settings;
    }

    private static DpuServiceChain Chain(DpuDeployment deployment) =>
        Child<DpuServiceChain>(deployment, deployment.Metadata.Name, child =>
        {
            child.Metadata.Annotations = new Dictionary<string, string>
            {
                [DeploymentNames.ChainRevision] = Digest.Short(Digest.Of(deployment.Spec.ServiceChains), 10),
            };
            child.Spec.Template.Spec = new ServiceChainSetSpec
            {
                NodeSelector = Nodes(deployment, DeploymentNames.ChainNodes),
                Template = new ServiceChainSetTemplate
                {
                    Spec = new ServiceChainSpec
                    {
                        Switches =
                        [
                            .. deployment.Spec.ServiceChains.Select(c => new ServiceChainSwitch
                            {
                                Ports = [.. c.Ports.Select(p => new ServiceChainPort { ServiceInterface = Port(deployment, p) })],
                            }),
                        ],
                    },
                },
            };
        });

    private static ServiceChainServiceInterface Port(DpuDeployment deployment, DpuDeploymentPort port) => port.Service is { } service
        ? new ServiceChainServiceInterface
        {
            MatchLabels = new Dictionary<string, string>
            {
                [DeploymentNames.Service] = DeploymentNames.ServiceId(deployment, service.Name),
                [DeploymentNames.Interface] = service.Interface,
            },
            Ipam = service.Ipam,
        }
        : port.ServiceInterface!;

    private static DpuSet DpuSet(DeploymentInputs inputs, DpuDeploymentDpuSet wanted) =>
        Child<DpuSet>(inputs.Deployment, DeploymentNames.DpuSet(inputs.Deployment, wanted.NameSuffix), child => child.Spec = new DpuSetSpec
        {
            NodeSelector = wanted.NodeSelector,
            DpuSelector = wanted.DpuSelector,
            Strategy = new DpuSetStrategy { Type = "RollingUpdate" },
            DpuTemplate = new DpuTemplate
            {
                Annotations = wanted.DpuAnnotations,
                Spec = new DpuTemplateSpec
                {
                    Bfb = new DpuSetBfb { Name = inputs.Deployment.Spec.Dpus.Bfb },
                    DpuFlavor = inputs.Deployment.Spec.Dpus.Flavor,
                    Cluster = new DpuSetCluster
                    {
                        NodeLabels = NodeLabels(
                            inputs.Deployment,
                            [.. inputs.Services.Where(s => !s.IsInCluster).Select(s => DeploymentNames.ServiceNodes(s.Name)), DeploymentNames.ChainNodes]),
                    },
                },
            },
        });

    private static string Revision(DeployedService service) =>
        Digest.Short(Digest.Of(service.Template.Spec.HelmChart, service.Configuration.Spec), 10);

    private static V1LabelSelector Nodes(DpuDeployment deployment, string label) => new()
    {
        MatchExpressions =
        [
            .. NodeLabels(deployment, label).Select(l => new V1LabelSelectorRequirement
            {
                Key = l.Key, OperatorProperty = "In", Values = [l.Value],
            }),
        ],
    };

    private static Dictionary<string, string> NodeLabels(DpuDeployment deployment, params IEnumerable<string> labels)
    {
        var result = labels.ToDictionary(l => l, _ => DeploymentNames.AnyRevision, StringComparer.Ordinal);
        result[DeploymentNames.OwnedBy] = DeploymentNames.Owner(deployment);
        return result;
    }

    private static T Child<T>(DpuDeployment deployment, string name, Action<T> fill)
        where T : class, IKubernetesObject<V1ObjectMeta>, new()
    {
        var type = ResourceType.Of<T>();
        var child = new T
        {
            ApiVersion = type.ApiVersion,
            Kind = type.Kind,
            Metadata = new V1ObjectMeta
            {
                Name = name,
                NamespaceProperty = deployment.Metadata.NamespaceProperty,
                Labels = new Dictionary<string, string> { [DeploymentNames.OwnedBy] = DeploymentNames.Owner(deployment) },
                OwnerReferences =
                [
                    new V1OwnerReference
                    {
                        ApiVersion = deployment.ApiVersion,
                        Kind = deployment.Kind,
                        Name = deployment.Metadata.Name,
                        Uid = deployment.Metadata.Uid,
                        Controller = true,
                        BlockOwnerDeletion = true,
                    },
                ],
            },
        };
        fill(child);
        return child;
    }
}
