using Dpf.Api.Schemas;
using k8s.Models;

namespace Dpf.Lab.Addons.Features;

/// <summary>What one node has, as its worker found it.</summary>
[KubernetesEntity(Group = "nfd.k8s-sigs.io", ApiVersion = "v1alpha1", Kind = "NodeFeature", PluralName = "nodefeatures")]
internal sealed class NodeFeature : CustomObject<Anything, Anything>;

/// <summary>Labels for nodes that have certain features.</summary>
[KubernetesEntity(Group = "nfd.k8s-sigs.io", ApiVersion = "v1alpha1", Kind = "NodeFeatureRule", PluralName = "nodefeaturerules")]
internal sealed class NodeFeatureRule : CustomObject<Anything, Anything>;
