using System.Text.Json;
using System.Text.Json.Nodes;
using Dpf.Api.Services;
using Dpf.Chaining.Ipam;
using k8s;
using k8s.Models;

namespace Dpf.Chaining.PodIpam;

/// <summary>
/// From which pools a service's pod gets the addresses of its interfaces: the chains say so, and the pod's networks annotation
/// passes it on to the plugins. Pure.
/// </summary>
/// <param name="Annotation">The annotation as it should be; null when it is as it should be.</param>
/// <param name="Own">What the pod itself asked for: what was added before is no word of its own.</param>
/// <param name="Problems">What is missing.</param>
internal sealed record PodPools(string? Annotation, string? Own, IReadOnlyList<string> Problems)
{
    private const string Arguments = "cni-args";
    private const string PoolNames = "poolNames";

    /// <summary>Nothing to do.</summary>
    public static PodPools None { get; } = new(null, null, []);

    /// <summary>Looks at a pod.</summary>
    /// <param name="pod">The pod.</param>
    /// <param name="chains">The chains.</param>
    /// <param name="interfaces">The interfaces.</param>
    /// <param name="pools">The pools that addresses come from.</param>
    public static PodPools Of(
        V1Pod pod, IEnumerable<ServiceChain> chains, IEnumerable<ServiceInterface> interfaces, IReadOnlyCollection<IKubernetesObject<V1ObjectMeta>> pools)
    {
        if (!IsWaiting(pod) || Label(pod, ChainingLabels.Service) is not { } service || Text(pod, ChainingLabels.Networks) is not { } present)
        {
            return None;
        }

        var own = Text(pod, ChainingLabels.OwnNetworks) ?? present;
        if (Networks(own) is not { } networks)
        {
            return None;
        }

        // Only what is this service's and on this node: nobody else's chain that does not resolve holds the pod up.
        var mine = interfaces.Where(i => IsNeighbour(i, i.Spec.Node, pod) && i.Spec is { InterfaceType: "service", Service: { } s } && s.ServiceId == service).ToList();
        var ports = chains.Where(c => IsNeighbour(c, c.Spec.Node, pod))
            .SelectMany(c => c.Spec.Switches.SelectMany(s => s.Ports).Select(p => (Chain: c, Port: p.ServiceInterface)))
            .Where(p => p.Port.Ipam is not null).ToList();
        List<string> problems = [];
        var changed = false;
        foreach (var network in networks.OfType<JsonObject>())
        {
            if ((string?)network["interface"] is not { Length: > 0 } device || network[Arguments]?[PoolNames] is not null ||
                mine.FirstOrDefault(i => i.Spec.Service!.InterfaceName == device) is not { } mineOf ||
                ports.FirstOrDefault(p => Has(mineOf, p.Port.MatchLabels)) is not { Chain: { } chain } found)
            {
                continue;
            }

            var ipam = found.Port.Ipam!;
            if (Find(pools, ipam) is not { } pool)
            {
                problems.Add(
                    $"interface {device}: no IPPool or CIDRPool has the labels {string.Join(", ", ipam.MatchLabels.Select(l => $"{l.Key}={l.Value}"))} " +
                    $"that ServiceChain {chain.Metadata.Name} asks for; create a DPUServiceIPAM with them in spec.metadata.labels");
                continue;
            }

            Complete(network, pod, ipam, pool);
            changed = true;
        }

        var wanted = changed ? networks.ToJsonString() : own;
        return new PodPools(wanted == present ? null : wanted, own, problems);
    }

    /// <summary>Whether a pod still gets its interfaces.</summary>
    public static bool IsWaiting(V1Pod pod) =>
        pod.Metadata.DeletionTimestamp is null && pod.Spec?.NodeName is { Length: > 0 } && pod.Status?.Phase is null or "" or "Pending";

    // What the user says of an interface stays; only what is not said is added.
    private static void Complete(JsonObject network, V1Pod pod, ServiceChainIpam ipam, IKubernetesObject<V1ObjectMeta> pool)
    {
        var arguments = new JsonObject
        {
            ["allocateDefaultGateway"] = ipam.DefaultGateway ?? false,
            [PoolNames] = new JsonArray(pool.Metadata.Name),
            ["poolType"] = pool is CidrPool ? "cidrpool" : "ippool",
        };
        foreach (var (key, value) in network[Arguments] as JsonObject ?? [])
        {
            arguments[key] = value?.DeepClone();
        }

        if (string.IsNullOrEmpty((string?)network["namespace"]))
        {
            network["namespace"] = pod.Metadata.NamespaceProperty;
        }

        network[Arguments] = arguments;
    }

    private static IKubernetesObject<V1ObjectMeta>? Find(IEnumerable<IKubernetesObject<V1ObjectMeta>> pools, ServiceChainIpam ipam) =>
        ipam.MatchLabels.Count == 0
            ? null
            : pools.Where(p => p.Metadata.DeletionTimestamp is null && Has(p, ipam.MatchLabels))
                .OrderBy(p => p is CidrPool).ThenBy(p => p.Metadata.Name, StringComparer.Ordinal).FirstOrDefault();

    private static JsonArray? Networks(string text)
    {
        if (!text.TrimStart().StartsWith('['))
        {
            // The short form says nothing of addresses: its interfaces are nobody's ports.
            return null;
        }

        try
        {
            return JsonNode.Parse(text) as JsonArray;
        }
        catch (JsonException)
        {
            // Multus refuses it and says so.
            return null;
        }
    }

    private static bool IsNeighbour(IKubernetesObject<V1ObjectMeta> value, string? node, V1Pod pod) =>
        value.Metadata.NamespaceProperty == pod.Metadata.NamespaceProperty && node == pod.Spec.NodeName && value.Metadata.DeletionTimestamp is null;

    private static bool Has(IKubernetesObject<V1ObjectMeta> value, Dictionary<string, string> labels) =>
        labels.Count > 0 && labels.All(l => Label(value, l.Key) == l.Value);

    private static string? Text(V1Pod pod, string key) => pod.Metadata.Annotations?.TryGetValue(key, out var text) == true ? text : null;

    private static string? Label(IKubernetesObject<V1ObjectMeta> value, string key) =>
        value.Metadata.Labels?.TryGetValue(key, out var found) == true ? found : null;
}
