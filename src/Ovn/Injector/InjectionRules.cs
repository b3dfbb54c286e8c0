using System.Text.Json.Nodes;

namespace Dpf.Ovn.Injector;

/// <summary>Which pods get a VF, and how.</summary>
public static class InjectionRules
{
    /// <summary>The annotation by which Multus replaces a pod's primary network.</summary>
    public const string DefaultNetworkAnnotation = "v1.multus-cni.io/default-network";

    private static readonly string[] ControlPlaneLabels =
        ["node-role.kubernetes.io/master", "node-role.kubernetes.io/control-plane"];

    /// <summary>
    /// Whether the pod stays off the DPU: host network, or bound for the control plane by selector, by required affinity, or (as
    /// a daemon set's pods are) by the node's name.
    /// </summary>
    /// <param name="pod">The pod.</param>
    /// <param name="nodeLabels">A node's label keys by the node's name; null when there is no such node.</param>
    /// <exception cref="KeyNotFoundException">The pod asks for a node that does not exist.</exception>
    public static async Task<bool> SkipsAsync(JsonObject pod, Func<string, Task<IReadOnlyCollection<string>?>> nodeLabels)
    {
        var spec = pod["spec"] as JsonObject ?? [];
        if ((bool?)spec["hostNetwork"] == true)
        {
            return true;
        }

        if (spec["nodeSelector"] is JsonObject selector && ControlPlaneLabels.Any(selector.ContainsKey))
        {
            return true;
        }

        foreach (var term in NodeMatch.Terms(spec))
        {
            if ((term["matchExpressions"] as JsonArray ?? []).Any(WantsControlPlane))
            {
                return true;
            }

            foreach (var field in term["matchFields"] as JsonArray ?? [])
            {
                if ((string?)field?["key"] != "metadata.name" || (string?)field["operator"] != "In")
                {
                    continue;
                }

                foreach (var value in field["values"] as JsonArray ?? [])
                {
                    var name = (string?)value ?? "";
                    var labels = await nodeLabels(name) ?? throw new KeyNotFoundException(
                        $"the pod's node affinity names node {name}, which does not exist");
                    if (labels.Any(ControlPlaneLabels.Contains))
                    {
                        return true;
                    }
                }
            }
        }

        return false;
    }

    /// <summary>
    /// Whether the pod can land on no node with a DPU but on others: there it needs no VF, and would wait for one for ever. One that
    /// can land nowhere yet may find its node tomorrow, and gets its VF.
    /// </summary>
    /// <param name="pod">The pod.</param>
    /// <param name="nodes">All nodes.</param>
    /// <param name="hasDpu">Whether a node has a DPU.</param>
    public static bool StaysOffDpus(JsonObject pod, IEnumerable<CandidateNode> nodes, Func<CandidateNode, bool> hasDpu)
    {
        var spec = pod["spec"] as JsonObject ?? [];
        var possible = nodes.Where(n => NodeMatch.MayLandOn(spec, n)).ToList();
        return possible.Count > 0 && !possible.Any(hasDpu);
    }

    /// <summary>
    /// The pod with one VF for its first container and the network that uses it. One without a container stays as it is: the API
    /// server refuses it, after this.
    /// </summary>
    public static JsonObject Inject(JsonObject pod, string resource, string network)
    {
        var changed = pod.DeepClone().AsObject();
        if (changed["spec"]?["containers"] is not JsonArray { Count: > 0 } containers || containers[0] is not JsonObject container)
        {
            return changed;
        }

        var resources = Child(container, "resources");
        AddOne(Child(resources, "requests"), resource);
        AddOne(Child(resources, "limits"), resource);
        Child(Child(changed, "metadata"), "annotations")[DefaultNetworkAnnotation] = network;
        return changed;
    }

    private static bool WantsControlPlane(JsonNode? expression) =>
        ControlPlaneLabels.Contains((string?)expression?["key"]) &&
        ((string?)expression!["operator"] == "Exists" ||
            ((string?)expression["operator"] == "In" && (expression["values"] as JsonArray ?? []).Any(v => (string?)v == "")));

    private static JsonObject Child(JsonObject parent, string name)
    {
        if (parent[name] is not JsonObject child)
        {
            child = [];
            parent[name] = child;
        }

        return child;
    }

    private static void AddOne(JsonObject quantities, string resource)
    {
        var now = quantities[resource]?.ToString() is { } text && long.TryParse(text, out var count) ? count : 0;
        quantities[resource] = (now + 1).ToString(System.Globalization.CultureInfo.InvariantCulture);
    }
}
