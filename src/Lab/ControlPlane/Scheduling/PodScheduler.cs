using System.Text.Json.Nodes;
using Dpf.Lab.ControlPlane.Workloads;
using Dpf.Runtime.Clusters;
using Dpf.Runtime.Events;
using Dpf.Runtime.Informers;
using Dpf.Runtime.Reconciling;
using Dpf.Runtime.Selecting;
using k8s;
using k8s.Models;
using Microsoft.Extensions.Logging;

namespace Dpf.Lab.ControlPlane.Scheduling;

/// <summary>Gives every pod a node, one pod at a time, the moment that one fits.</summary>
internal sealed class PodScheduler(Cache cache, ILoggerFactory loggers, TimeProvider time)
{
    private const string SelectedNode = "volume.kubernetes.io/selected-node";
    private readonly EventRecorder _events = new(cache.Client, "default-scheduler", time, loggers.CreateLogger("scheduler"));

    // Pods whose binding the local copy does not show yet; touched by the one worker only.
    private readonly Dictionary<string, string> _assumed = [];

    public Task RunAsync(CancellationToken cancellation) =>
        Controller.For<V1Pod>(cache, "scheduler").Workers(1)
            .Watches<V1Node>(_ => Waiting())
            .Watches<V1PersistentVolumeClaim>(claim => Waiting().Where(p => p.Namespace == claim.Metadata.NamespaceProperty))
            .Watches<V1PersistentVolume>(_ => [])
            .Watches<V1StorageClass>(_ => Waiting())
            .Watches<V1Pod>(pod => pod.IsActive() ? [] : Waiting())
            .Build(ReconcileAsync, loggers, time).RunAsync(cancellation);

    private IEnumerable<NamespacedName> Waiting() =>
        cache.Informer<V1Pod>().All.Where(IsWaiting).Select(p => new NamespacedName(p.Metadata.NamespaceProperty, p.Metadata.Name));

    private static bool IsWaiting(V1Pod pod) =>
        string.IsNullOrEmpty(pod.Spec.NodeName) && pod.IsActive() && pod.Spec.SchedulerName is null or "" or "default-scheduler" &&
        !(pod.Spec.SchedulingGates?.Count > 0);

    private async Task<Result> ReconcileAsync(NamespacedName key, CancellationToken cancellation)
    {
        if (cache.Informer<V1Pod>().Get(key.Namespace, key.Name) is not { } pod || !IsWaiting(pod) || _assumed.ContainsKey(pod.Metadata.Uid))
        {
            return Result.Done;
        }

        var (claims, obstacle) = Claims(pod);
        var (node, message) = obstacle is null ? Choose(pod, claims) : (null, obstacle);
        if (node is null)
        {
            await RefuseAsync(pod, message!, cancellation);
            return Result.Done;
        }

        if (claims.Where(c => string.IsNullOrEmpty(c.Spec.VolumeName)).ToList() is { Count: > 0 } unbound)
        {
            foreach (var claim in unbound.Where(c => c.Metadata.Annotations?.TryGetValue(SelectedNode, out var n) != true || n != node))
            {
                await cache.Client.PatchAsync<V1PersistentVolumeClaim>(
                    key.Namespace, claim.Metadata.Name,
                    new JsonObject { ["metadata"] = new JsonObject { ["annotations"] = new JsonObject { [SelectedNode] = node } } }, cancellation);
            }

            // The claims' binding brings the pod back.
            return Result.Done;
        }

        await BindAsync(pod, node, cancellation);
        return Result.Done;
    }

    /// <summary>The pod's claims, or why they keep it waiting.</summary>
    private (List<V1PersistentVolumeClaim> Claims, string? Obstacle) Claims(V1Pod pod)
    {
        List<V1PersistentVolumeClaim> claims = [];
        foreach (var volume in pod.Spec.Volumes ?? [])
        {
            if (volume.PersistentVolumeClaim?.ClaimName is not { } name)
            {
                continue;
            }

            if (cache.Informer<V1PersistentVolumeClaim>().Get(pod.Metadata.NamespaceProperty, name) is not { } claim)
            {
                return (claims, $"persistentvolumeclaim \"{name}\" not found");
            }

            var late = claim.Spec.StorageClassName is { Length: > 0 } type &&
                cache.Informer<V1StorageClass>().Get(null, type)?.VolumeBindingMode == "WaitForFirstConsumer";
            if (claim.Status?.Phase != "Bound" && (!late || !string.IsNullOrEmpty(claim.Spec.VolumeName)))
            {
                return (claims, "pod has unbound immediate PersistentVolumeClaims");
            }

            claims.Add(claim);
        }

        return (claims, null);
    }

    private (string? Node, string? Message) Choose(V1Pod pod, List<V1PersistentVolumeClaim> claims)
    {
        var nodes = cache.Informer<V1Node>().All;
        var pods = cache.Informer<V1Pod>().All.Where(p => p.Status?.Phase is not ("Succeeded" or "Failed")).ToList();
        foreach (var bound in pods.Where(p => !string.IsNullOrEmpty(p.Spec.NodeName)))
        {
            _assumed.Remove(bound.Metadata.Uid);
        }

        foreach (var gone in _assumed.Keys.Except(pods.Select(p => p.Metadata.Uid)).ToList())
        {
            _assumed.Remove(gone);
        }

        var byNode = pods.Select(p => (Pod: p, Node: string.IsNullOrEmpty(p.Spec.NodeName) ? _assumed.GetValueOrDefault(p.Metadata.Uid) : p.Spec.NodeName))
            .Where(p => p.Node is not null).ToLookup(p => p.Node!, p => p.Pod);
        var demand = ResourceDemand.Of(pod);
        Dictionary<string, int> reasons = [];
        List<(V1Node Node, int Load)> fits = [];
        foreach (var node in nodes)
        {
            var obstacles = Obstacles(pod, claims, node, [.. byNode[node.Metadata.Name]], demand).ToList();
            if (obstacles.Count == 0)
            {
                fits.Add((node, byNode[node.Metadata.Name].Count()));
            }

            foreach (var reason in obstacles)
            {
                reasons[reason] = reasons.GetValueOrDefault(reason) + 1;
            }
        }

        return fits.Count > 0
            ? (fits.OrderBy(f => f.Load).ThenBy(f => f.Node.Metadata.Name, StringComparer.Ordinal).First().Node.Metadata.Name, null)
            : (null, nodes.Count == 0
                ? "no nodes available to schedule pods"
                : $"0/{nodes.Count} nodes are available: " +
                    string.Join(", ", reasons.OrderBy(r => r.Key, StringComparer.Ordinal).Select(r => $"{r.Value} {r.Key}")) + ".");
    }

    private IEnumerable<string> Obstacles(
        V1Pod pod, List<V1PersistentVolumeClaim> claims, V1Node node, List<V1Pod> there, Dictionary<string, decimal> demand)
    {
        if (NodeFit.Obstacle(pod, node) is { } obstacle)
        {
            return [obstacle];
        }

        var far = claims.Select(c => cache.Informer<V1PersistentVolume>().Get(null, c.Spec.VolumeName ?? ""))
            .Any(v => v?.Spec.NodeAffinity?.Required is { } required && !required.Selects(node));
        if (far)
        {
            return ["node(s) had volume node affinity conflict"];
        }

        // Only spreading over nodes: the one topology that a handful of machines has.
        var apart = pod.Spec.Affinity?.PodAntiAffinity?.RequiredDuringSchedulingIgnoredDuringExecution ?? [];
        if (apart.Any(term => there.Any(p => p.Metadata.NamespaceProperty == pod.Metadata.NamespaceProperty &&
            term.LabelSelector is not null && term.LabelSelector.Selects(p.Metadata.Labels))))
        {
            return ["node(s) didn't match pod anti-affinity rules"];
        }

        if (TakenPort(pod, there))
        {
            return ["node(s) didn't have free ports for the requested pod ports"];
        }

        Dictionary<string, decimal> used = [];
        foreach (var other in there)
        {
            ResourceDemand.Add(used, ResourceDemand.Of(other));
        }

        return ResourceDemand.Lacking(node, used, demand).Select(r => r == "pods" ? "Too many pods" : $"Insufficient {r}");
    }

    private static bool TakenPort(V1Pod pod, List<V1Pod> there)
    {
        static IEnumerable<(string, int)> Ports(V1Pod p) => p.Spec.Containers.SelectMany(c => c.Ports ?? [])
            .Where(o => o.HostPort is > 0).Select(o => (o.Protocol ?? "TCP", o.HostPort!.Value));
        var wanted = Ports(pod).ToHashSet();
        return wanted.Count > 0 && there.SelectMany(Ports).Any(wanted.Contains);
    }

    private async Task BindAsync(V1Pod pod, string node, CancellationToken cancellation)
    {
        _assumed[pod.Metadata.Uid] = node;
        var binding = new JsonObject
        {
            ["apiVersion"] = "v1",
            ["kind"] = "Binding",
            ["metadata"] = new JsonObject { ["name"] = pod.Metadata.Name, ["namespace"] = pod.Metadata.NamespaceProperty, ["uid"] = pod.Metadata.Uid },
            ["target"] = new JsonObject { ["apiVersion"] = "v1", ["kind"] = "Node", ["name"] = node },
        };
        try
        {
            var path = ResourceType.Of<V1Pod>().Path(pod.Metadata.NamespaceProperty, pod.Metadata.Name, "binding");
            await cache.Client.SendRawAsync(HttpMethod.Post, path, binding, cancellation);
        }
        catch (Exception e)
        {
            _assumed.Remove(pod.Metadata.Uid);
            if (e is KubeException { IsNotFound: true } or KubeException { IsConflict: true })
            {
                return;
            }

            throw;
        }

        _ = _events.NormalAsync(
            pod, "Scheduled", $"Successfully assigned {pod.Metadata.NamespaceProperty}/{pod.Metadata.Name} to {node}", cancellation);
    }

    private async Task RefuseAsync(V1Pod pod, string message, CancellationToken cancellation)
    {
        var before = pod.Status?.Conditions?.FirstOrDefault(c => c.Type == "PodScheduled");
        if (before?.Status == "False" && before.Message == message)
        {
            return;
        }

        var condition = new V1PodCondition
        {
            Type = "PodScheduled",
            Status = "False",
            Reason = "Unschedulable",
            Message = message,
            LastTransitionTime = before?.Status == "False" ? before.LastTransitionTime : time.GetUtcNow().UtcDateTime,
        };
        var patch = new JsonObject
        {
            ["status"] = new JsonObject { ["conditions"] = new JsonArray(JsonNode.Parse(KubernetesJson.Serialize(condition))) },
        };
        try
        {
            await cache.Client.MergeStatusAsync<V1Pod>(pod.Metadata.NamespaceProperty, pod.Metadata.Name, patch, cancellation);
        }
        catch (KubeException e) when (e.IsNotFound)
        {
            return;
        }

        _ = _events.WarningAsync(pod, "FailedScheduling", message, cancellation);
    }
}
