using k8s.Models;

namespace Dpf.Lab.ControlPlane.Workloads;

/// <summary>The arithmetic of a Deployment: which ReplicaSet gets how many replicas next, and what its status says.</summary>
internal static class Rollout
{
    /// <summary>The ReplicaSets to scale now.</summary>
    /// <param name="deployment">What is wanted.</param>
    /// <param name="current">The set of the wanted template.</param>
    /// <param name="old">All others.</param>
    /// <param name="podsOfOld">How many pods, even terminating ones, each old set still has.</param>
    public static IReadOnlyList<(V1ReplicaSet Set, int Replicas)> Plan(
        V1Deployment deployment, V1ReplicaSet current, IReadOnlyList<V1ReplicaSet> old, IReadOnlyDictionary<string, int> podsOfOld)
    {
        var wanted = deployment.Spec.Replicas ?? 1;
        var busy = old.Where(s => s.Spec.Replicas > 0).ToList();
        if (deployment.Spec.Strategy?.Type == "Recreate")
        {
            if (busy.Count > 0)
            {
                return [.. busy.Select(s => (s, 0))];
            }

            return podsOfOld.Values.Sum() > 0 || current.Spec.Replicas == wanted ? [] : [(current, wanted)];
        }

        var rolling = deployment.Spec.Strategy?.RollingUpdate;
        var surge = PodTemplates.Resolve(rolling?.MaxSurge, wanted, true, "25%");
        var unavailable = PodTemplates.Resolve(rolling?.MaxUnavailable, wanted, false, "25%");
        if (surge == 0 && unavailable == 0)
        {
            unavailable = 1;
        }

        List<(V1ReplicaSet, int)> steps = [];
        var have = current.Spec.Replicas ?? 0;
        var total = have + busy.Sum(s => s.Spec.Replicas ?? 0);
        var next = have > wanted || busy.Count == 0 ? wanted : Math.Min(wanted, have + Math.Max(0, wanted + surge - total));
        if (next != have)
        {
            steps.Add((current, next));
        }

        // Old pods that are not available can go at once as long as the new ones do not lack as many.
        var least = wanted - unavailable;
        var missing = Math.Max(0, have - (current.Status?.AvailableReplicas ?? 0));
        var broken = Math.Max(0, total - least - missing);
        var spare = Math.Max(0, (current.Status?.AvailableReplicas ?? 0) + busy.Sum(s => s.Status?.AvailableReplicas ?? 0) - least);
        foreach (var set in busy)
        {
            var replicas = set.Spec.Replicas ?? 0;
            var available = Math.Min(replicas, set.Status?.AvailableReplicas ?? 0);
            var dropBroken = Math.Min(broken, replicas - available);
            var dropGood = Math.Min(Math.Min(spare, available), Math.Max(0, broken - dropBroken));
            (broken, spare) = (broken - dropBroken - dropGood, spare - dropGood);
            if (dropBroken + dropGood > 0)
            {
                steps.Add((set, replicas - dropBroken - dropGood));
            }
        }

        return steps;
    }

    /// <summary>The status.</summary>
    public static V1DeploymentStatus Status(V1Deployment deployment, V1ReplicaSet current, IReadOnlyList<V1ReplicaSet> old, DateTime now)
    {
        var wanted = deployment.Spec.Replicas ?? 1;
        var all = old.Append(current).ToList();
        var total = all.Sum(s => s.Status?.Replicas ?? 0);
        var available = all.Sum(s => s.Status?.AvailableReplicas ?? 0);
        var updated = current.Status?.Replicas ?? 0;
        var unavailable = PodTemplates.Resolve(deployment.Spec.Strategy?.RollingUpdate?.MaxUnavailable, wanted, false, "25%");
        var enough = available >= wanted - (deployment.Spec.Strategy?.Type == "Recreate" ? 0 : unavailable);
        var complete = updated == wanted && total == wanted && available >= wanted;
        return new V1DeploymentStatus
        {
            ObservedGeneration = deployment.Metadata.Generation,
            Replicas = total,
            UpdatedReplicas = updated,
            ReadyReplicas = all.Sum(s => s.Status?.ReadyReplicas ?? 0),
            AvailableReplicas = available,
            UnavailableReplicas = Math.Max(0, Math.Max(total, wanted) - available),
            Conditions =
            [
                Condition(deployment, "Available", enough, enough ? "MinimumReplicasAvailable" : "MinimumReplicasUnavailable",
                    enough ? "Deployment has minimum availability." : "Deployment does not have minimum availability.", now),
                Condition(deployment, "Progressing", true, complete ? "NewReplicaSetAvailable" : "ReplicaSetUpdated",
                    $"ReplicaSet \"{current.Metadata.Name}\" {(complete ? "has successfully progressed." : "is progressing.")}", now),
            ],
        };
    }

    private static V1DeploymentCondition Condition(
        V1Deployment deployment, string type, bool status, string reason, string message, DateTime now)
    {
        var text = status ? "True" : "False";
        var before = deployment.Status?.Conditions?.FirstOrDefault(c => c.Type == type);
        return before is not null && before.Status == text && before.Reason == reason && before.Message == message
            ? before
            : new V1DeploymentCondition
            {
                Type = type,
                Status = text,
                Reason = reason,
                Message = message,
                LastUpdateTime = now,
                LastTransitionTime = before?.Status == text ? before.LastTransitionTime : now,
            };
    }
}
