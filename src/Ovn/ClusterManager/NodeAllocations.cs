using Dpf.Ovn.Addressing;
using Dpf.Ovn.Annotations;
using Dpf.Runtime.Addressing;
using k8s.Models;

namespace Dpf.Ovn.ClusterManager;

/// <summary>Decides every node's subnet and number from the annotations that are there.</summary>
public sealed class NodeAllocations(ClusterNetwork network)
{
    private readonly IReadOnlyList<SubnetAllocator> _subnets = [.. network.Families.Select(f => new SubnetAllocator(f.Pods))];
    private readonly NodeIdAllocator _ids = new();

    /// <summary>The nodes that the last pass had nothing left for, with what is missing and what to do.</summary>
    public IReadOnlyDictionary<string, string> Starved { get; private set; } = new Dictionary<string, string>();

    /// <summary>
    /// The annotations that each node lacks. Everything that a node already has is reserved before anything is handed out; of two
    /// nodes with the same value the older keeps it.
    /// </summary>
    public IReadOnlyDictionary<string, IReadOnlyDictionary<string, string>> Missing(IReadOnlyCollection<V1Node> nodes)
    {
        var managed = nodes
            .Where(n => NodeAnnotations.Plain(n.Metadata.Labels, "k8s.ovn.org/ovn-managed") != "false")
            .OrderBy(n => n.Metadata.CreationTimestamp ?? DateTime.MaxValue)
            .ThenBy(n => n.Metadata.Name, StringComparer.Ordinal)
            .ToList();
        var present = managed.Select(n => n.Metadata.Name).ToHashSet(StringComparer.Ordinal);
        foreach (var gone in _subnets.SelectMany(s => s.Owners).Concat(_ids.Owners).Where(owner => !present.Contains(owner)))
        {
            foreach (var subnets in _subnets)
            {
                subnets.Release(gone);
            }

            _ids.Release(gone);
        }

        foreach (var node in managed)
        {
            foreach (var subnet in NodeAnnotations.SubnetsOf(node.Metadata.Annotations))
            {
                foreach (var subnets in _subnets)
                {
                    subnets.TryReserve(node.Metadata.Name, subnet);
                }
            }

            if (NodeAnnotations.NodeId(node.Metadata.Annotations) is { } id)
            {
                _ids.TryReserve(node.Metadata.Name, id);
            }
        }

        var missing = new Dictionary<string, IReadOnlyDictionary<string, string>>(StringComparer.Ordinal);
        var starved = new Dictionary<string, string>(StringComparer.Ordinal);
        foreach (var node in managed)
        {
            var name = node.Metadata.Name;
            var own = _subnets.Select(s => s.Allocate(name)).OfType<Cidr>().ToList();
            if (own.Count < _subnets.Count)
            {
                starved.Add(name, $"node {name}: no subnet is left in the pod network; give the cluster a larger one or a longer host length");
                continue;
            }

            if (_ids.Allocate(name) is not { } id)
            {
                starved.Add(name, $"node {name}: no node number is left; delete Node objects of machines that are gone");
                continue;
            }

            var wanted = NodeAnnotations.Allocation(network, own, id);
            var changed = wanted
                .Where(w => NodeAnnotations.Plain(node.Metadata.Annotations, w.Key) != w.Value)
                .ToDictionary(StringComparer.Ordinal);
            if (changed.Count > 0)
            {
                missing[name] = changed;
            }
        }

        Starved = starved;
        return missing;
    }
}
