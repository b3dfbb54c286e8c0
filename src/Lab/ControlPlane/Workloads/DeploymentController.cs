using System.Globalization;
using System.Text.Json.Nodes;
using Dpf.Runtime.Clusters;
using Dpf.Runtime.Informers;
using Dpf.Runtime.Reconciling;
using k8s.Models;
using Microsoft.Extensions.Logging;

namespace Dpf.Lab.ControlPlane.Workloads;

/// <summary>Moves a Deployment from one template to the next by scaling ReplicaSets.</summary>
internal sealed class DeploymentController(Cache cache, ILoggerFactory loggers, TimeProvider time)
{
    private const string Revision = "deployment.kubernetes.io/revision";
    private const string HashLabel = "pod-template-hash";

    public Task RunAsync(CancellationToken cancellation) =>
        Controller.For<V1Deployment>(cache, "deployment").Owns<V1ReplicaSet>()
            .Watches<V1Pod>(OldPodGone).Build(ReconcileAsync, loggers, time).RunAsync(cancellation);

    // A Recreate waits for the last old pod to be gone, which no ReplicaSet's status tells.
    private IEnumerable<NamespacedName> OldPodGone(V1Pod pod) =>
        pod.Metadata.DeletionTimestamp is null
            ? []
            : (pod.Metadata.OwnerReferences ?? []).Where(o => o.Kind == "ReplicaSet")
                .Select(o => cache.Informer<V1ReplicaSet>().Get(pod.Metadata.NamespaceProperty, o.Name))
                .SelectMany(s => s?.Metadata.OwnerReferences ?? [])
                .Where(o => o.Kind == "Deployment")
                .Select(o => new NamespacedName(pod.Metadata.NamespaceProperty, o.Name));

    private async Task<Result> ReconcileAsync(NamespacedName key, CancellationToken cancellation)
    {
        if (cache.Informer<V1Deployment>().Get(key.Namespace, key.Name) is not { } deployment || deployment.IsDeleting())
        {
            return Result.Done;
        }

        var sets = cache.Informer<V1ReplicaSet>().All
            .Where(s => s.Metadata.NamespaceProperty == key.Namespace && s.IsControlledBy(deployment)).ToList();
        var hash = PodTemplates.Hash(deployment.Spec.Template);
        var current = sets.FirstOrDefault(s => s.Metadata.Labels?.TryGetValue(HashLabel, out var h) == true && h == hash);
        var old = sets.Where(s => s != current).ToList();
        var revision = old.Select(RevisionOf).DefaultIfEmpty(0).Max() + 1;
        if (current is null)
        {
            current = await CreateAsync(deployment, hash, revision, cancellation);
        }
        else if (RevisionOf(current) < revision)
        {
            current = await cache.Client.PatchAsync<V1ReplicaSet>(
                key.Namespace, current.Metadata.Name, RevisionPatch(revision), cancellation);
        }

        if (deployment.Metadata.Annotations?.TryGetValue(Revision, out var known) != true || known != Text(RevisionOf(current)))
        {
            await cache.Client.PatchAsync<V1Deployment>(key.Namespace, key.Name, RevisionPatch(RevisionOf(current)), cancellation);
        }

        if (deployment.Spec.Paused != true)
        {
            var pods = old.ToDictionary(s => s.Metadata.Name, s => cache.PodsOf(s).Count);
            foreach (var (set, replicas) in Rollout.Plan(deployment, current, old, pods))
            {
                await cache.Client.PatchAsync<V1ReplicaSet>(
                    key.Namespace, set.Metadata.Name, new JsonObject { ["spec"] = new JsonObject { ["replicas"] = replicas } }, cancellation);
            }
        }

        await cache.Client.WriteStatusAsync(
            deployment, deployment.Status, Rollout.Status(deployment, current, old, time.GetUtcNow().UtcDateTime), cancellation);
        await ForgetAsync(deployment, old, cancellation);
        return Result.Done;
    }

    private static int RevisionOf(V1ReplicaSet set) =>
        set.Metadata.Annotations?.TryGetValue(Revision, out var text) == true &&
        int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var revision) ? revision : 0;

    private static string Text(int number) => number.ToString(CultureInfo.InvariantCulture);

    private static JsonObject RevisionPatch(int revision) => new()
    {
        ["metadata"] = new JsonObject { ["annotations"] = new JsonObject { [Revision] = Text(revision) } },
    };

    private async Task<V1ReplicaSet> CreateAsync(V1Deployment deployment, string hash, int revision, CancellationToken cancellation)
    {
        var template = PodTemplates.Clone(deployment.Spec.Template);
        template.Metadata ??= new V1ObjectMeta();
        template.Metadata.Labels = new Dictionary<string, string>(template.Metadata.Labels ?? new Dictionary<string, string>()) { [HashLabel] = hash };
        var selector = PodTemplates.Clone(deployment.Spec.Selector);
        selector.MatchLabels = new Dictionary<string, string>(selector.MatchLabels ?? new Dictionary<string, string>()) { [HashLabel] = hash };
        var set = new V1ReplicaSet
        {
            Metadata = new V1ObjectMeta
            {
                Name = $"{deployment.Metadata.Name}-{hash}",
                NamespaceProperty = deployment.Metadata.NamespaceProperty,
                Labels = template.Metadata.Labels,
                Annotations = new Dictionary<string, string> { [Revision] = Text(revision) },
                OwnerReferences = [PodTemplates.ControllerReference(deployment)],
            },
            Spec = new V1ReplicaSetSpec
            {
                // Started empty next to older ones, so that the plan alone decides how many there may be.
                Replicas = revision == 1 ? deployment.Spec.Replicas ?? 1 : 0,
                MinReadySeconds = deployment.Spec.MinReadySeconds,
                Selector = selector,
                Template = template,
            },
        };
        try
        {
            return await cache.Client.CreateAsync(set, cancellation);
        }
        catch (KubeException e) when (e.IsConflict)
        {
            if (await cache.Client.GetAsync<V1ReplicaSet>(set.Metadata.NamespaceProperty, set.Metadata.Name, cancellation) is { } present)
            {
                return present;
            }

            throw;
        }
    }

    private async Task ForgetAsync(V1Deployment deployment, List<V1ReplicaSet> old, CancellationToken cancellation)
    {
        var empty = old.Where(s => s.Spec.Replicas == 0 && s.Status?.Replicas is null or 0 && !s.IsDeleting()).ToList();
        foreach (var set in empty.OrderByDescending(RevisionOf).Skip(deployment.Spec.RevisionHistoryLimit ?? 10))
        {
            await cache.Client.DeleteAsync<V1ReplicaSet>(set.Metadata.NamespaceProperty, set.Metadata.Name, cancellation);
        }
    }
}
