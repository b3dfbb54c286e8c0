using Dpf.Api.Schemas;
using k8s.Models;

namespace Dpf.Lab.Addons.Sriov;

/// <summary>What the network operator installs on nodes with NICs.</summary>
[KubernetesEntity(Group = "mellanox.com", ApiVersion = "v1alpha1", Kind = "NicClusterPolicy", PluralName = "nicclusterpolicies")]
internal sealed class NicClusterPolicy : CustomObject<Anything, Anything>;

/// <summary>Which virtual functions become which resource.</summary>
[KubernetesEntity(Group = "sriovnetwork.openshift.io", ApiVersion = "v1", Kind = "SriovNetworkNodePolicy", PluralName = "sriovnetworknodepolicies")]
internal sealed class SriovNetworkNodePolicy : CustomObject<Anything, Anything>;

/// <summary>Where the SR-IOV daemons run.</summary>
[KubernetesEntity(Group = "sriovnetwork.openshift.io", ApiVersion = "v1", Kind = "SriovOperatorConfig", PluralName = "sriovoperatorconfigs")]
internal sealed class SriovOperatorConfig : CustomObject<Anything, Anything>;

/// <summary>What one node's NICs are like.</summary>
[KubernetesEntity(Group = "sriovnetwork.openshift.io", ApiVersion = "v1", Kind = "SriovNetworkNodeState", PluralName = "sriovnetworknodestates")]
internal sealed class SriovNetworkNodeState : CustomObject<Anything, Anything>;
