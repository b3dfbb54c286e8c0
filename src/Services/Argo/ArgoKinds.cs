using Dpf.Api.Schemas;
using k8s.Models;

namespace Dpf.Services.Argo;

/// <summary>Argo CD's Application: a chart that is kept deployed in a cluster.</summary>
[KubernetesEntity(Group = "argoproj.io", ApiVersion = "v1alpha1", Kind = "Application", PluralName = "applications")]
internal sealed class ArgoApplication : CustomObject<Anything, Anything>
{
    /// <summary>A label's value, or null.</summary>
    public string? Label(string key) => Metadata.Labels?.TryGetValue(key, out var value) == true ? value : null;
}

/// <summary>Argo CD's AppProject: what may be deployed where.</summary>
[KubernetesEntity(Group = "argoproj.io", ApiVersion = "v1alpha1", Kind = "AppProject", PluralName = "appprojects")]
internal sealed class ArgoProject : CustomObject<Anything, Anything>;
