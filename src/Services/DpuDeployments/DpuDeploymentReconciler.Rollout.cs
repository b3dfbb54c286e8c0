using Dpf.Api.Provisioning;
using Dpf.Api.Services;
using Dpf.Services.DpuDeployments.Revisions;
using Dpf.Services.Reporting;

namespace Dpf.Services.DpuDeployments;

/// <content>Rolling out what changed: revisions of services over DPUs, and boot images that are there.</content>
internal sealed partial class DpuDeploymentReconciler
{
    /// <summary>The next step of each service that runs on DPUs.</summary>
    private Dictionary<string, RolloutStep> Plan(DeploymentInputs inputs)
    {
        var deployment = inputs.Deployment;
        var children = _services.Of(deployment);
        var rollouts = inputs.Services.Where(s => !s.IsInCluster).Select(s => new ServiceRollout
        {
            Service = s.Name,
            ServiceId = DeploymentNames.ServiceId(deployment, s.Name),
            Revision = DeploymentChildren.Revision(s),
            IsSideBySide = s.Configuration.Spec.UpgradePolicy?.ApplyNodeEffect == true,
            Deadline = s.Configuration.Spec.UpgradePolicy?.ProgressDeadlineSeconds is { } seconds
                ? TimeSpan.FromSeconds(seconds) : TimeSpan.FromMinutes(10),
            Slots = ServiceSlot.Of(deployment, s.Name, children),
            Now = _time.GetUtcNow(),
        }).ToList();

        // Nearly always nobody has to look at nodes.
        if (rollouts.Any(r => r.IsLabelledHere))
        {
            var (nodes, blindness) = (_nodes.Of(deployment), _nodes.Blindness(DpusOf(deployment)));
            rollouts = [.. rollouts.Select(r => r with { Nodes = nodes, Blindness = blindness })];
        }

        return rollouts.ToDictionary(r => r.Service, r => new RolloutStep(r, RevisionPlan.Of(r)), StringComparer.Ordinal);
    }

    private DeploymentChoices Choose(DeploymentInputs inputs, Dictionary<string, RolloutStep> plans)
    {
        var sets = _dpuSets.Of(inputs.Deployment);
        var bfb = _cache.Informer<Bfb>().Get(inputs.Deployment.Metadata.NamespaceProperty, inputs.Deployment.Spec.Dpus.Bfb);
        return new DeploymentChoices
        {
            Services = plans.ToDictionary(
                p => p.Key, p => new RevisionChoice(p.Value.Plan.Target, p.Value.Plan.Failure, IsLabelledByDpuSet(p.Value.Rollout, sets))),

            // No working DPU is taken down for an image that is not there.
            Bfb = name => bfb?.Status?.Phase != "Ready" && sets.FirstOrDefault(s => s.Metadata.Name == name)?.Spec.DpuTemplate?.Spec?.Bfb?.Name is { } now &&
                _cache.Informer<Bfb>().Get(inputs.Deployment.Metadata.NamespaceProperty, now) is not null ? now : null,
        };
    }

    /// <summary>
    /// Whether DPUSets give nodes a service's label. They stop once all nodes have it from here as well: whoever says a value
    /// last cannot take it away from the other, so no pod notices.
    /// </summary>
    private static bool IsLabelledByDpuSet(ServiceRollout rollout, IEnumerable<DpuSet> sets) => !rollout.IsLabelledHere ||
        (sets.Any(s => s.Spec.DpuTemplate?.Spec?.Cluster?.NodeLabels?.ContainsKey(DeploymentNames.ServiceNodes(rollout.Service)) == true) &&
        (rollout.Blindness is not null || rollout.Nodes.Any(n => !n.IsLabelledHere(rollout.Service))));

    /// <summary>Labels nodes so that they get the revisions that they should have; false when that failed somewhere.</summary>
    private async Task<bool> MoveAsync(
        StatusDraft draft, DpuDeployment deployment, Dictionary<string, RolloutStep> plans, CancellationToken cancellation)
    {
        if (!plans.Values.Any(p => p.Rollout.IsLabelledHere))
        {
            return true;
        }

        List<string> failures = [];
        var moves = plans.ToDictionary(p => p.Key, p => p.Value.Plan.Moves.ToDictionary(m => m.Node, m => m.Slot), StringComparer.Ordinal);
        foreach (var node in plans.Values.First(p => p.Rollout.IsLabelledHere).Rollout.Nodes)
        {
            var slots = plans.ToDictionary(
                p => p.Key, p => p.Value.Rollout.IsLabelledHere ? moves[p.Key].GetValueOrDefault(node) ?? node.Slot(p.Key) : null, StringComparer.Ordinal);
            try
            {
                await _nodes.LabelAsync(node, slots, cancellation);
                foreach (var (service, slot) in slots.Where(s => s.Value is not null && node.Slot(s.Key) is { } now && now != s.Value))
                {
                    await _events.NormalAsync(
                        deployment, "RevisionMoved", $"{node.Name} gets {DeploymentNames.DpuService(deployment, service, slot!)} of service {service}", cancellation);
                }
            }
            catch (Exception e) when (Failures.IsExpected(e))
            {
                failures.Add($"{node.Name}: {Failures.Describe(e)}");
            }
        }

        if (failures.Count > 0)
        {
            draft.False("DPUServicesReconciled", Dpf.Runtime.Conditions.Reasons.Error, "Error occurred: " + string.Join("; ", failures.Take(5)));
        }

        return failures.Count == 0;
    }

    private IEnumerable<Dpu> DpusOf(DpuDeployment deployment)
    {
        var sets = _dpuSets.Of(deployment).Select(s => s.Metadata.Name).ToHashSet();
        return _cache.Informer<Dpu>().All.Where(d => d.Metadata.NamespaceProperty == deployment.Metadata.NamespaceProperty &&
            DeploymentReadiness.SetOf(d) is { } set && sets.Contains(set));
    }

    /// <summary>A service's way and the next step on it.</summary>
    private sealed record RolloutStep(ServiceRollout Rollout, RevisionPlan Plan);
}
