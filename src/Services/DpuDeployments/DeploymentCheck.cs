using Dpf.Api.Services;

namespace Dpf.Services.DpuDeployments;

/// <summary>What is wrong with a DPUDeployment that no waiting mends: pure.</summary>
internal static class DeploymentCheck
{
    /// <summary>What is wrong; nothing when all is right.</summary>
    public static IReadOnlyList<string> Problems(DeploymentInputs inputs) => [.. Names(inputs), .. Ports(inputs)];

    private static IEnumerable<string> Names(DeploymentInputs inputs)
    {
        var deployment = inputs.Deployment;
        foreach (var value in inputs.Services.Select(s => DeploymentNames.ServiceId(deployment, s.Name)).Prepend(DeploymentNames.Owner(deployment)))
        {
            if (!DeploymentNames.IsLabelValue(value))
            {
                yield return $"'{value}' cannot be the value of a label (63 characters at most); shorten the names that it is made of";
            }
        }

        List<(string Kind, string Name)> names =
        [
            .. inputs.Services.Select(s => ("DPUService", DeploymentNames.DpuService(deployment, s.Name))),
            .. inputs.Services.SelectMany(s => (s.Configuration.Spec.Interfaces ?? []).Select(
                i => ("DPUServiceInterface", DeploymentNames.DpuServiceInterface(deployment, s.Name, i.Name)))),
            .. (deployment.Spec.Dpus.DpuSets ?? []).Select(s => ("DPUSet", DeploymentNames.DpuSet(deployment, s.NameSuffix))),
        ];
        foreach (var (kind, name) in names.Where(n => !DeploymentNames.IsName(n.Name)).Distinct())
        {
            yield return $"'{name}' cannot be the name of a {kind} (lower-case letters, digits and '-', 63 at most)";
        }

        foreach (var twice in names.GroupBy(n => n).Where(g => g.Count() > 1))
        {
            yield return $"{twice.Count()} of its parts would become {twice.Key.Kind} {twice.Key.Name}; rename all but one";
        }
    }

    private static IEnumerable<string> Ports(DeploymentInputs inputs)
    {
        foreach (var port in inputs.Deployment.Spec.ServiceChains.SelectMany(c => c.Ports).Select(p => p.Service).OfType<DpuDeploymentService>())
        {
            if (inputs.Services.FirstOrDefault(s => s.Name == port.Name) is not { } service)
            {
                yield return $"serviceChains: there is no service '{port.Name}' in spec.services";
            }
            else if (service.Configuration.Spec.Interfaces?.Any(i => i.Name == port.Interface) != true)
            {
                yield return $"serviceChains: DPUServiceConfiguration {service.Configuration.Metadata.Name} has no interface '{port.Interface}'";
            }
        }
    }
}
