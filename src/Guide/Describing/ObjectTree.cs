using System.Reflection;
using Dpf.Api.Schemas;
using k8s.Models;

namespace Dpf.Guide.Describing;

/// <summary>Puts objects in order: what belongs to what.</summary>
public static class ObjectTree
{
    /// <summary>The kinds in the order in which they are shown.</summary>
    private static readonly string[] Order =
    [
        "DPFOperatorConfig", "DPUCluster", "BFB", "DPUFlavor", "DPUDeployment", "DPUSet", "DPU", "DPUService", "DPUServiceCredentialRequest",
        "DPUServiceInterface", "DPUServiceChain", "DPUServiceIPAM", "DPUServiceTemplate", "DPUServiceConfiguration",
    ];

    /// <summary>The short names that kubectl has of our kinds.</summary>
    private static readonly Dictionary<string, string> KindOfShortName = (
        from type in typeof(CustomKindAttribute).Assembly.GetTypes()
        let kind = type.GetCustomAttribute<KubernetesEntityAttribute>()?.Kind
        where kind is not null
        from name in type.GetCustomAttribute<CustomKindAttribute>()?.ShortNames ?? []
        select (name, kind)).ToDictionary(StringComparer.OrdinalIgnoreCase);

    // Between a Deployment and its pods; says nothing that they do not say.
    private static readonly string[] Transparent = ["ReplicaSet"];

    /// <summary>The trees of all objects that belong to no other.</summary>
    public static IReadOnlyList<ObjectNode> Build(IReadOnlyCollection<ClusterObject> objects)
    {
        var known = new Dictionary<ObjectKey, ClusterObject>();
        foreach (var value in objects)
        {
            known.TryAdd(value.Key, value);
        }

        var byName = known.Values.ToLookup(value => (value.Cluster, value.Kind, value.Name));
        var byKind = known.Values.ToLookup(value => (value.Cluster, value.Kind));
        var parents = known.Values.ToDictionary(value => value.Key, value => Parent(value)?.Key);
        var children = known.Values.Where(value => parents[value.Key] is not null).ToLookup(value => parents[value.Key]!.Value);
        return [.. Sorted(known.Values.Where(value => parents[value.Key] is null && IsRoot(value))).Select(value => Node(value, []))];

        ClusterObject? Parent(ClusterObject value) => Belonging.Parents(value).Select(Find).FirstOrDefault(parent => parent is not null && parent.Key != value.Key);

        ClusterObject? Find(ObjectKey key) =>
            known.GetValueOrDefault(key) ??
            (key.Name.Length == 0
                ? byKind[(key.Cluster, key.Kind)].FirstOrDefault(value => value.Namespace == key.Namespace)
                : byName[(key.Cluster, key.Kind, key.Name)].FirstOrDefault(value => key.Namespace is null || value.Namespace is null));

        // A loop of owners would be somebody's mistake; it ends where it began.
        ObjectNode Node(ClusterObject value, HashSet<ObjectKey> above)
        {
            var path = new HashSet<ObjectKey>(above) { value.Key };
            var below = Sorted(Below(value, path)).Select(child => Node(child, path)).ToList();
            var standing = Standing.Of(value.Value);
            var isCause = standing.Kind != StandingKind.Ready && !below.Any(child => child.HasIssue);
            return new ObjectNode(value, standing, Condition.AllOf(value.Value["status"]), isCause ? Advice.For(value, standing) : null, below);
        }

        IEnumerable<ClusterObject> Below(ClusterObject value, HashSet<ObjectKey> path) => children[value.Key]
            .Where(child => !path.Contains(child.Key))
            .SelectMany(child => Transparent.Contains(child.Kind) ? children[child.Key] : [child])
            .Where(child => child.Kind != "Pod" || value.Kind == "DPU" || Standing.Of(child.Value).Kind != StandingKind.Ready);
    }

    /// <summary>The nodes of a kind, by its full name or a short one, and (unless null) of a name; with what belongs to them.</summary>
    public static IEnumerable<ObjectNode> Find(IEnumerable<ObjectNode> roots, string kind, string? name) =>
        roots.SelectMany(root => root.All()).Where(node => IsKind(node.Object.Kind, kind) && (name is null || node.Object.Name == name));

    // Pods and replica sets whose parent is not ours are somebody else's.
    private static bool IsRoot(ClusterObject value) => value.Kind is not ("Pod" or "Node") && !Transparent.Contains(value.Kind);

    private static bool IsKind(string kind, string wanted)
    {
        // What kubectl takes: dpu, dpus, DPU, a short name, and the resource with its group.
        var word = wanted.Split('.')[0];
        return kind == KindOfShortName.GetValueOrDefault(word) || string.Equals(kind, word, StringComparison.OrdinalIgnoreCase) || string.Equals(kind + "s", word, StringComparison.OrdinalIgnoreCase) ||
            string.Equals(kind + "es", word, StringComparison.OrdinalIgnoreCase);
    }

    private static IEnumerable<ClusterObject> Sorted(IEnumerable<ClusterObject> values) => values
        .OrderBy(value => Array.IndexOf(Order, value.Kind) is var place && place < 0 ? Order.Length : place)
        .ThenBy(value => value.Cluster ?? "", StringComparer.Ordinal)
        .ThenBy(value => value.Kind, StringComparer.Ordinal)
        .ThenBy(value => value.Namespace ?? "", StringComparer.Ordinal)
        .ThenBy(value => value.Name, StringComparer.Ordinal);
}
