using Dpf.Api.Services;
using Dpf.Services.DpuDeployments;

namespace Dpf.Services.Admission;

/// <summary>What a DPUDeployment must not say: pure.</summary>
internal static class DeploymentRules
{
    /// <summary>Looks at a DPUDeployment, the others of its namespace, and what it refers to.</summary>
    public static Findings Of(DpuDeployment deployment, IEnumerable<DpuDeployment> others, Dependencies dependencies)
    {
        var findings = new Findings();
        foreach (var problem in DeploymentCheck.OwnProblems(deployment))
        {
            findings.Refuse("spec", problem);
        }

        var mine = Names(deployment).ToHashSet();
        foreach (var other in others.Where(o => o.Metadata.Name != deployment.Metadata.Name && o.Metadata.DeletionTimestamp is null))
        {
            foreach (var (kind, name) in Names(other).Where(mine.Contains))
            {
                findings.Refuse("spec", $"{kind} {name} would be DPUDeployment {other.Metadata.Name}'s too; rename the service or the set here");
            }
        }

        if (findings.Errors.Count > 0)
        {
            return findings;
        }

        SetRules.Pools(findings, deployment.Spec.ServiceChains.SelectMany(c => c.Ports).Select(p => p.Service?.Ipam ?? p.ServiceInterface?.Ipam));

        // What is referred to may come later: the deployment waits for it.
        var (inputs, missing) = dependencies.Resolve(deployment);
        foreach (var problem in inputs is null ? missing : DeploymentCheck.Problems(inputs))
        {
            findings.Warn(problem);
        }

        return findings;
    }

    private static IEnumerable<(string Kind, string Name)> Names(DpuDeployment deployment) =>
    [
        .. deployment.Spec.Services.Keys.Select(s => ("DPUService", DeploymentNames.DpuService(deployment, s))),
        .. (deployment.Spec.Dpus.DpuSets ?? []).Select(s => ("DPUSet", DeploymentNames.DpuSet(deployment, s.NameSuffix))),
    ];
}
