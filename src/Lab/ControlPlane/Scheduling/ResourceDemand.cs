using k8s.Models;

namespace Dpf.Lab.ControlPlane.Scheduling;

/// <summary>How much of each resource pods ask for and nodes have.</summary>
internal static class ResourceDemand
{
    /// <summary>What a pod asks for: the sum of its containers or its largest init container, plus overhead, plus itself.</summary>
    public static Dictionary<string, decimal> Of(V1Pod pod)
    {
        Dictionary<string, decimal> sum = new() { ["pods"] = 1 };
        foreach (var container in pod.Spec.Containers)
        {
            foreach (var (name, value) in Of(container))
            {
                sum[name] = sum.GetValueOrDefault(name) + value;
            }
        }

        foreach (var container in pod.Spec.InitContainers ?? [])
        {
            foreach (var (name, value) in Of(container))
            {
                var sidecar = container.RestartPolicy == "Always";
                sum[name] = sidecar ? sum.GetValueOrDefault(name) + value : Math.Max(sum.GetValueOrDefault(name), value);
            }
        }

        foreach (var (name, value) in pod.Spec.Overhead ?? new Dictionary<string, ResourceQuantity>())
        {
            sum[name] = sum.GetValueOrDefault(name) + value.ToDecimal();
        }

        return sum;
    }

    /// <summary>The resources that a node lacks for a demand, given what its pods use.</summary>
    public static IEnumerable<string> Lacking(V1Node node, Dictionary<string, decimal> used, Dictionary<string, decimal> demand) =>
        demand.Where(d => d.Value > 0 && d.Value > Allocatable(node, d.Key) - used.GetValueOrDefault(d.Key)).Select(d => d.Key);

    /// <summary>Adds a demand to a sum.</summary>
    public static void Add(Dictionary<string, decimal> sum, Dictionary<string, decimal> demand)
    {
        foreach (var (name, value) in demand)
        {
            sum[name] = sum.GetValueOrDefault(name) + value;
        }
    }

    private static decimal Allocatable(V1Node node, string resource)
    {
        if (node.Status?.Allocatable?.TryGetValue(resource, out var value) == true)
        {
            return value.ToDecimal();
        }

        // A node that reports no such common resource has not said that it has none.
        return resource is "pods" or "cpu" or "memory" or "ephemeral-storage" ? decimal.MaxValue : 0;
    }

    private static Dictionary<string, decimal> Of(V1Container container)
    {
        Dictionary<string, decimal> all = [];
        foreach (var (name, value) in container.Resources?.Limits ?? new Dictionary<string, ResourceQuantity>())
        {
            all[name] = value.ToDecimal();
        }

        foreach (var (name, value) in container.Resources?.Requests ?? new Dictionary<string, ResourceQuantity>())
        {
            all[name] = value.ToDecimal();
        }

        return all;
    }
}
