using System.Text.Json.Nodes;
using Dpf.Runtime.Clusters;
using Dpf.Runtime.Informers;
using Dpf.Runtime.Reconciling;
using k8s;
using k8s.Models;
using Microsoft.Extensions.Logging;

namespace Dpf.Lab.ControlPlane.Workloads;

/// <summary>Counts for each PodDisruptionBudget how many of its pods may be evicted now.</summary>
internal sealed class DisruptionController(Cache cache, ILoggerFactory loggers, TimeProvider time)
{
    public Task RunAsync(CancellationToken cancellation) =>
        Controller.For<V1PodDisruptionBudget>(cache, "disruption").Watches<V1Pod>(BudgetsOf)
            .Watches<V1ReplicaSet>(s => InNamespace(s)).Watches<V1StatefulSet>(s => InNamespace(s))
            .Build(ReconcileAsync, loggers, time).RunAsync(cancellation);

    private IEnumerable<NamespacedName> BudgetsOf(V1Pod pod) => cache.Informer<V1PodDisruptionBudget>().All
        .Where(b => b.Metadata.NamespaceProperty == pod.Metadata.NamespaceProperty && DisruptionRules.Selects(b, pod))
        .Select(b => new NamespacedName(b.Metadata.NamespaceProperty, b.Metadata.Name));

    private IEnumerable<NamespacedName> InNamespace(IKubernetesObject<V1ObjectMeta> value) => cache.Informer<V1PodDisruptionBudget>().All
        .Where(b => b.Metadata.NamespaceProperty == value.Metadata.NamespaceProperty)
        .Select(b => new NamespacedName(b.Metadata.NamespaceProperty, b.Metadata.Name));

    private async Task<Result> ReconcileAsync(NamespacedName key, CancellationToken cancellation)
    {
        if (cache.Informer<V1PodDisruptionBudget>().Get(key.Namespace, key.Name) is not { } budget || budget.IsDeleting())
        {
            return Result.Done;
        }

        var pods = cache.Informer<V1Pod>().All.Where(p => p.Metadata.NamespaceProperty == key.Namespace && DisruptionRules.Selects(budget, p)).ToList();
        var now = time.GetUtcNow();
        var status = DisruptionRules.Status(budget, pods, Scale, now);
        var patch = JsonNode.Parse(KubernetesJson.Serialize(status))!.AsObject();
        var disrupted = patch["disruptedPods"]?.AsObject() ?? [];
        foreach (var gone in (budget.Status?.DisruptedPods?.Keys ?? []).Where(p => !disrupted.ContainsKey(p)).ToList())
        {
            disrupted[gone] = null;
        }

        patch["disruptedPods"] = disrupted.DeepClone();
        if (disrupted.Any(p => p.Value is null) || !IsSame(budget.Status, status))
        {
            // An eviction that was granted meanwhile must not be overwritten.
            await cache.Client.PatchStatusAsync<V1PodDisruptionBudget>(
                key.Namespace, key.Name,
                new JsonObject { ["metadata"] = new JsonObject { ["resourceVersion"] = budget.Metadata.ResourceVersion }, ["status"] = patch }, cancellation);
        }

        return status.DisruptedPods is { Count: > 0 } ? Result.RequeueAfter(DisruptionRules.Patience) : Result.Done;
    }

    /// <summary>How many pods a pod's controller wants, and which that is; null for a pod without one.</summary>
    private (string Uid, int Replicas)? Scale(V1Pod pod)
    {
        var (ns, owner) = (pod.Metadata.NamespaceProperty, pod.Metadata.OwnerReferences?.FirstOrDefault(o => o.Controller == true));
        switch (owner?.Kind)
        {
            case "StatefulSet" when cache.Informer<V1StatefulSet>().Get(ns, owner.Name) is { } set:
                return (owner.Uid, set.Spec.Replicas ?? 1);
            case "ReplicaSet" when cache.Informer<V1ReplicaSet>().Get(ns, owner.Name) is { } set:
                var parent = set.Metadata.OwnerReferences?.FirstOrDefault(o => o is { Controller: true, Kind: "Deployment" });
                return parent is not null && cache.Informer<V1Deployment>().Get(ns, parent.Name) is { } deployment
                    ? (parent.Uid, deployment.Spec.Replicas ?? 1)
                    : (owner.Uid, set.Spec.Replicas ?? 1);
            default:
                return null;
        }
    }

    private static bool IsSame(V1PodDisruptionBudgetStatus? before, V1PodDisruptionBudgetStatus after) =>
        before is not null && JsonNode.DeepEquals(JsonNode.Parse(KubernetesJson.Serialize(before)), JsonNode.Parse(KubernetesJson.Serialize(after)));
}
