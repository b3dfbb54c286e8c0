using Dpf.Api.Provisioning;
using Dpf.Api.Services;

namespace Dpf.Services.DpuDeployments;

/// <summary>A DPUDeployment with all that it refers to.</summary>
/// <param name="Deployment">The DPUDeployment.</param>
/// <param name="Flavor">Its flavor.</param>
/// <param name="Services">Its services, in the order of their names.</param>
internal sealed record DeploymentInputs(DpuDeployment Deployment, DpuFlavor Flavor, IReadOnlyList<DeployedService> Services);

/// <summary>A service of a DPUDeployment.</summary>
/// <param name="Name">Its name there.</param>
/// <param name="Template">Its chart.</param>
/// <param name="Configuration">Its configuration.</param>
internal sealed record DeployedService(string Name, DpuServiceTemplate Template, DpuServiceConfiguration Configuration)
{
    /// <summary>Whether it runs in the management cluster.</summary>
    public bool IsInCluster => Configuration.Spec.ServiceConfiguration?.DeployInCluster == true;
}

/// <summary>What a namespace has that a DPUDeployment may refer to.</summary>
/// <param name="Bfb">A BFB by name, or null.</param>
/// <param name="Flavor">A DPUFlavor by name, or null.</param>
/// <param name="Template">A DPUServiceTemplate by name, or null.</param>
/// <param name="Configuration">A DPUServiceConfiguration by name, or null.</param>
internal sealed record Dependencies(
    Func<string, Bfb?> Bfb, Func<string, DpuFlavor?> Flavor, Func<string, DpuServiceTemplate?> Template,
    Func<string, DpuServiceConfiguration?> Configuration)
{
    /// <summary>
    /// Everything that a DPUDeployment refers to, or what is missing. Only a change of an object helps against what is
    /// missing, so there is nothing to try again.
    /// </summary>
    public (DeploymentInputs? Inputs, IReadOnlyList<string> Missing) Resolve(DpuDeployment deployment)
    {
        List<string> missing = [];
        var dpus = deployment.Spec.Dpus;
        if (Bfb(dpus.Bfb) is null)
        {
            missing.Add($"BFB {dpus.Bfb} does not exist");
        }

        var flavor = Flavor(dpus.Flavor);
        if (flavor is null)
        {
            missing.Add($"DPUFlavor {dpus.Flavor} does not exist");
        }

        List<DeployedService> services = [];
        foreach (var (name, service) in deployment.Spec.Services.OrderBy(s => s.Key, StringComparer.Ordinal))
        {
            var (template, configuration) = (Template(service.ServiceTemplate), Configuration(service.ServiceConfiguration));
            Check(missing, "DPUServiceTemplate", service.ServiceTemplate, name, template?.Spec.DeploymentServiceName);
            Check(missing, "DPUServiceConfiguration", service.ServiceConfiguration, name, configuration?.Spec.DeploymentServiceName);
            if (template is not null && configuration is not null)
            {
                services.Add(new DeployedService(name, template, configuration));
            }
        }

        return missing.Count == 0 ? (new DeploymentInputs(deployment, flavor!, services), missing) : (null, missing);
    }

    private static void Check(List<string> missing, string kind, string name, string service, string? deploymentServiceName)
    {
        if (deploymentServiceName is null)
        {
            missing.Add($"{kind} {name} of service {service} does not exist");
        }
        else if (deploymentServiceName != service)
        {
            missing.Add($"{kind} {name} is for service '{deploymentServiceName}' (spec.deploymentServiceName), not '{service}'");
        }
    }
}
