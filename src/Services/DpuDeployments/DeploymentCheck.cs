using Dpf.Api.Services;

namespace Dpf.Services.DpuDeployments;

/// <summary>What is wrong with a DPUDeployment that no waiting mends: pure.</summary>
internal static class DeploymentCheck
{
    private static readonly string AnySlot = new('0', DeploymentNames.RevisionLength);

    // dpuservice-…-version, the longest label that a service's name is a part of, has 63 characters at most.
    private const int MaxServiceName = 44;

    /// <summary>What is wrong with it and what it refers to; nothing when all is right.</summary>
    public static IReadOnlyList<string> Problems(DeploymentInputs inputs)
    {
        var deployment = inputs.Deployment;
        return
        [
            .. OwnProblems(deployment),
            .. Names(inputs.Services.SelectMany(s => (s.Configuration.Spec.Interfaces ?? []).Select(
                i => ("DPUServiceInterface", DeploymentNames.DpuServiceInterface(deployment, s.Name, i.Name))))),
            .. inputs.Services.Where(s => s.Configuration.Spec.UpgradePolicy?.ApplyNodeEffect == true).SelectMany(s => Revisions(deployment, s)),
            .. Ports(inputs),
        ];
    }

    /// <summary>What is wrong with it by itself, whatever it refers to.</summary>
    public static IReadOnlyList<string> OwnProblems(DpuDeployment deployment) =>
    [
        .. Labels(deployment),
        .. Keys(deployment),
        .. Names(
        [
            .. deployment.Spec.Services.Keys.Order(StringComparer.Ordinal).Select(s => ("DPUService", DeploymentNames.DpuService(deployment, s))),
            .. (deployment.Spec.Dpus.DpuSets ?? []).Select(s => ("DPUSet", DeploymentNames.DpuSet(deployment, s.NameSuffix))),
        ]),
        .. deployment.Spec.ServiceChains.SelectMany(c => c.Ports).Select(p => p.Service?.Name).OfType<string>().Distinct()
            .Where(name => !deployment.Spec.Services.ContainsKey(name))
            .Select(name => $"serviceChains: there is no service '{name}' in spec.services"),
    ];

    private static IEnumerable<string> Labels(DpuDeployment deployment)
    {
        foreach (var value in deployment.Spec.Services.Keys.Order(StringComparer.Ordinal)
            .Select(s => DeploymentNames.ServiceId(deployment, s)).Prepend(DeploymentNames.Owner(deployment)))
        {
            if (!DeploymentNames.IsLabelValue(value))
            {
                yield return $"'{value}' cannot be the value of a label (63 characters at most); shorten the names that it is made of";
            }
        }
    }

    // Label keys are made of services' names too.
    private static IEnumerable<string> Keys(DpuDeployment deployment) =>
        deployment.Spec.Services.Keys.Where(s => !DeploymentNames.IsName(s) || s.Length > MaxServiceName).Order(StringComparer.Ordinal)
            .Select(s => $"services: '{s}' cannot be the name of a service (lower-case letters, digits and '-', {MaxServiceName} at most)");

    private static IEnumerable<string> Names(IEnumerable<(string Kind, string Name)> names)
    {
        var all = names.ToList();
        foreach (var (kind, name) in all.Where(n => !DeploymentNames.IsName(n.Name)).Distinct())
        {
            yield return $"'{name}' cannot be the name of a {kind} (lower-case letters, digits and '-', 63 at most)";
        }

        foreach (var twice in all.GroupBy(n => n).Where(g => g.Count() > 1))
        {
            yield return $"{twice.Count()} of its parts would become {twice.Key.Kind} {twice.Key.Name}; rename all but one";
        }
    }

    // The first revision has the plain name: that there is no room for another's would show with the first change. A DPUService has
    // room, because its id, which is a label, is longer.
    private static IEnumerable<string> Revisions(DpuDeployment deployment, DeployedService service)
    {
        foreach (var name in (service.Configuration.Spec.Interfaces ?? []).Select(i => i.Name))
        {
            var plain = DeploymentNames.DpuServiceInterface(deployment, service.Name, name);
            if (DeploymentNames.IsName(plain) && !DeploymentNames.IsName(DeploymentNames.DpuServiceInterface(deployment, service.Name, name, AnySlot)))
            {
                yield return $"'{plain}' leaves a DPUServiceInterface no room for '-' and the {DeploymentNames.RevisionLength} characters of a revision " +
                    "beside it (63 at most); shorten the names that it is made of, or take upgradePolicy.applyNodeEffect away";
            }
        }
    }

    private static IEnumerable<string> Ports(DeploymentInputs inputs)
    {
        foreach (var port in inputs.Deployment.Spec.ServiceChains.SelectMany(c => c.Ports).Select(p => p.Service).OfType<DpuDeploymentService>())
        {
            if (inputs.Services.FirstOrDefault(s => s.Name == port.Name) is { } service &&
                service.Configuration.Spec.Interfaces?.Any(i => i.Name == port.Interface) != true)
            {
                yield return $"serviceChains: DPUServiceConfiguration {service.Configuration.Metadata.Name} has no interface '{port.Interface}'";
            }
        }
    }
}
