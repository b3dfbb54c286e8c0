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
    public static DeploymentChildren Of(DeploymentInputs inputs) => Of(inputs, new DeploymentChoices());

    /// <summary>The children, on the way from what there is.</summary>
    public static DeploymentChildren Of(DeploymentInputs inputs, DeploymentChoices choices) => new(
        [
            .. inputs.Services.SelectMany(s => (s.Configuration.Spec.Interfaces ?? []).Select(
                i => Interface(inputs.Deployment, s, i, choices.Of(s.Name).Slot))),
        ],
        [.. inputs.Services.Select(s => Service(inputs.Deployment, s, choices.Of(s.Name)))],
        [Chain(inputs.Deployment)],
        [.. (inputs.Deployment.Spec.Dpus.DpuSets ?? []).Select(s => DpuSet(inputs, s, choices))]);

    /// <summary>The revision of a service: changes with what runs, not with how a change is rolled out.</summary>
    public static string Revision(DeployedService service)
    {
        var spec = service.Configuration.Spec;
        return Digest.Short(
            Digest.Of(
                service.Template.Spec.HelmChart,
                new DpuServiceConfigurationSpec
                {
                    DeploymentServiceName = spec.DeploymentServiceName,
                    Interfaces = spec.Interfaces,
                    ServiceConfiguration = spec.ServiceConfiguration,
                }),
            DeploymentNames.RevisionLength);
    }

    private static DpuServiceInterface Interface(
        DpuDeployment deployment, DeployedService service, DpuServiceConfigurationInterface configured, string slot) =>
        Child<DpuServiceInterface>(deployment, DeploymentNames.DpuServiceInterface(deployment, service.Name, configured.Name, slot), child =>
        {
            var id = DeploymentNames.ServiceId(deployment, service.Name);
            child.Spec.Template.Spec = new ServiceInterfaceSetSpec
            {
                NodeSelector = Nodes(deployment, DeploymentNames.ServiceNodes(service.Name), slot),
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

    private static DpuService Service(DpuDeployment deployment, DeployedService service, RevisionChoice choice) =>
        Child<DpuService>(deployment, DeploymentNames.DpuService(deployment, service.Name, choice.Slot), child =>
        {
            child.Metadata.Annotations = new Dictionary<string, string> { [DeploymentNames.ServiceRevision] = Revision(service) };
            if (choice.Failure is not null)
            {
                child.Metadata.Annotations[DeploymentNames.RevisionFailed] = choice.Failure;
            }

            var (template, configured) = (service.Template.Spec.HelmChart, service.Configuration.Spec.ServiceConfiguration);
            child.Spec = new DpuServiceSpec
            {
                HelmChart = new HelmChart
                {
                    Source = Source(template.Source, choice.Slot),
                    Values = configured?.HelmChart?.Values is null && template.Values is null
                        ? null
                        : Values.Merge(configured?.HelmChart?.Values, template.Values),
                },
                ServiceId = DeploymentNames.ServiceId(deployment, service.Name),
                DeployInCluster = configured?.DeployInCluster,
                Interfaces = service.Configuration.Spec.Interfaces is { Count: > 0 } interfaces
                    ? [.. interfaces.Select(i => DeploymentNames.DpuServiceInterface(deployment, service.Name, i.Name, choice.Slot))]
                    : null,
                ServiceDaemonSet = DaemonSet(deployment, service, choice.Slot),
            };
        });

    // Two revisions in one namespace cannot be one release.
    private static DpuServiceSource Source(DpuServiceSource source, string slot) => source.ReleaseName is not { Length: > 0 } name
        ? source
        : new DpuServiceSource
        {
            RepoUrl = source.RepoUrl, Version = source.Version, Chart = source.Chart, Path = source.Path, ReleaseName = name + DeploymentNames.Suffix(slot),
        };

    private static ServiceDaemonSet? DaemonSet(DpuDeployment deployment, DeployedService service, string slot)
    {
        var configured = service.Configuration.Spec.ServiceConfiguration?.ServiceDaemonSet;
        var settings = new ServiceDaemonSet { Labels = configured?.Labels, Annotations = configured?.Annotations };
        if (slot != DeploymentNames.AnyRevision)
        {
            settings.Labels = new Dictionary<string, string>(settings.Labels ?? []) { [DeploymentNames.PodRevision] = slot };
        }

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
                            .. NodeLabels(deployment, slot, DeploymentNames.ServiceNodes(service.Name)).Select(l => new V1NodeSelectorRequirement
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
                NodeSelector = Nodes(deployment, DeploymentNames.ChainNodes, DeploymentNames.AnyRevision),
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

    private static DpuSet DpuSet(DeploymentInputs inputs, DpuDeploymentDpuSet wanted, DeploymentChoices choices) =>
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
                    Bfb = new DpuSetBfb { Name = choices.Bfb(DeploymentNames.DpuSet(inputs.Deployment, wanted.NameSuffix)) ?? inputs.Deployment.Spec.Dpus.Bfb },
                    DpuFlavor = inputs.Deployment.Spec.Dpus.Flavor,
                    Cluster = new DpuSetCluster
                    {
                        NodeLabels = NodeLabels(
                            inputs.Deployment, DeploymentNames.AnyRevision,
                            [
                                .. inputs.Services.Where(s => !s.IsInCluster && choices.Of(s.Name).IsLabelledByDpuSet)
                                    .Select(s => DeploymentNames.ServiceNodes(s.Name)),
                                DeploymentNames.ChainNodes,
                            ]),
                    },
                },
            },
        });

    private static V1LabelSelector Nodes(DpuDeployment deployment, string label, string slot) => new()
    {
        MatchExpressions =
        [
            .. NodeLabels(deployment, slot, label).Select(l => new V1LabelSelectorRequirement
            {
                Key = l.Key, OperatorProperty = "In", Values = [l.Value],
            }),
        ],
    };

    private static Dictionary<string, string> NodeLabels(DpuDeployment deployment, string slot, params IEnumerable<string> labels)
    {
        var result = labels.ToDictionary(l => l, _ => slot, StringComparer.Ordinal);
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
