using Dpf.Api.Schemas;
using k8s.Models;

namespace Dpf.Lab.Addons.Kamaji;

/// <summary>A control plane that runs as a guest of another cluster.</summary>
[KubernetesEntity(Group = "kamaji.clastix.io", ApiVersion = "v1alpha1", Kind = "TenantControlPlane", PluralName = "tenantcontrolplanes")]
internal sealed class TenantControlPlane : CustomObject<Anything, Anything>
{
    private const int FirstNodePort = 30_000;

    /// <summary>Where the API server is reached.</summary>
    public string? Address => (string?)Spec["networkProfile"]?["address"];

    /// <summary>On which port.</summary>
    public int Port => (int?)Spec["networkProfile"]?["port"] ?? 6443;

    /// <summary>
    /// Where the server itself listens on its node. <see cref="Port"/> is a node port, whose traffic comes through the Service.
    /// </summary>
    public int ListenPort => Port >= FirstNodePort ? Port - FirstNodePort + 10_000 : Port;

    /// <summary>The range of the services.</summary>
    public string ServiceCidr => (string?)Spec["networkProfile"]?["serviceCidr"] ?? "10.96.0.0/16";

    /// <summary>The range of the pods.</summary>
    public string PodCidr => (string?)Spec["networkProfile"]?["podCidr"] ?? "10.244.0.0/16";

    /// <summary>The version that is wanted.</summary>
    public string Version => (string?)Spec["kubernetes"]?["version"] ?? "v1.30.2";
}
