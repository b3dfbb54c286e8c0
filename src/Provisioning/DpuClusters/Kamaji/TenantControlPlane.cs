using Dpf.Api.Schemas;
using k8s.Models;

namespace Dpf.Provisioning.DpuClusters.Kamaji;

/// <summary>Kamaji's control plane that runs as pods of another cluster; what of it is read here.</summary>
[KubernetesEntity(Group = "kamaji.clastix.io", ApiVersion = "v1alpha1", Kind = "TenantControlPlane", PluralName = "tenantcontrolplanes")]
internal sealed class TenantControlPlane : CustomObject<Anything, Anything>
{
    /// <summary>The version's status when the control plane can be used.</summary>
    public const string ReadyStatus = "Ready";

    /// <summary>The address that clients use; null when none is set.</summary>
    public string? Address => (string?)Spec["networkProfile"]?["address"];

    /// <summary>The port that clients use; null when none is set.</summary>
    public int? Port => (int?)Spec["networkProfile"]?["port"];

    /// <summary>How far Kamaji is: <c>Provisioning</c>, <c>Ready</c>, <c>Upgrading</c>, …; null before it has begun.</summary>
    public string? VersionStatus => (string?)Status?["kubernetesResources"]?["version"]?["status"];
}
