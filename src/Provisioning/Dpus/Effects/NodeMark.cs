using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.Json.Serialization;
using Dpf.Api.Provisioning;
using k8s;
using k8s.Models;

namespace Dpf.Provisioning.Dpus.Effects;

/// <summary>What has been added to a host, so that exactly this can be taken away again: kept in an annotation of the host.</summary>
internal sealed record NodeMark
{
    /// <summary>Labels that were set, with the values before; null where there was none.</summary>
    [JsonPropertyName("labels")]
    public Dictionary<string, string?> Labels { get; init; } = [];

    /// <summary>Taints that were added.</summary>
    [JsonPropertyName("taints")]
    public List<MarkedTaint> Taints { get; init; } = [];

    /// <summary>Taints that had to make room for them, having the same key and effect and another value.</summary>
    [JsonPropertyName("replaced")]
    public List<MarkedTaint> Replaced { get; init; } = [];

    /// <summary>A taint, as a mark keeps it.</summary>
    internal sealed record MarkedTaint(
        [property: JsonPropertyName("key")] string Key, [property: JsonPropertyName("value")] string? Value,
        [property: JsonPropertyName("effect")] string Effect)
    {
        /// <summary>Whether a node's taint is this one.</summary>
        public bool Is(V1Taint taint) => TakesThePlaceOf(taint) && (taint.Value ?? "") == (Value ?? "");

        /// <summary>Whether a node cannot have both: key and effect together are unique in its taints.</summary>
        public bool TakesThePlaceOf(V1Taint taint) => taint.Key == Key && taint.Effect == Effect;

        /// <summary>Whether a pod is let onto a node that has it.</summary>
        public bool IsToleratedBy(V1Pod pod) => pod.Spec.Tolerations?.Any(t =>
            t.Key == Key && (string.IsNullOrEmpty(t.Effect) || t.Effect == Effect) &&
            (t.OperatorProperty == "Exists" || (t.Value ?? "") == (Value ?? ""))) == true;

        /// <summary>It, as a node has it.</summary>
        public V1Taint ToTaint() => new() { Key = Key, Value = Value, Effect = Effect };
    }

    /// <summary>The patch that gives a host the labels and the taint of an effect; null when it has them.</summary>
    public static JsonObject? Apply(V1Node node, NodeEffect effect)
    {
        var mark = Of(node);
        var labels = new JsonObject();
        foreach (var (key, value) in effect.CustomLabel ?? [])
        {
            var before = node.Metadata.Labels?.TryGetValue(key, out var present) == true ? present : null;
            if (before != value)
            {
                labels[key] = value;
                mark.Labels.TryAdd(key, before);
            }
        }

        var taints = node.Spec?.Taints?.ToList() ?? [];
        var added = effect.Taint is { } wanted ? new MarkedTaint(wanted.Key, wanted.Value, wanted.Effect) : null;
        var adds = added is not null && !taints.Exists(added.Is);
        if (adds)
        {
            // An earlier effect's own taint is nothing that would be put back.
            foreach (var taint in taints.Where(t => added!.TakesThePlaceOf(t) && !mark.Taints.Exists(m => m.Is(t))))
            {
                mark.Replaced.RemoveAll(r => r.TakesThePlaceOf(taint));
                mark.Replaced.Add(new MarkedTaint(taint.Key, taint.Value, taint.Effect));
            }

            taints.RemoveAll(added!.TakesThePlaceOf);
            taints.Add(added.ToTaint());
            mark.Taints.Add(added);
        }

        return labels.Count == 0 && !adds ? null : Patch(node, mark, labels, adds ? taints : null);
    }

    /// <summary>The patch that takes away what was added, and puts back what made room for it; null when nothing was added.</summary>
    public static JsonObject? Undo(V1Node node)
    {
        var mark = Of(node);
        if (mark.Labels.Count == 0 && mark.Taints.Count == 0)
        {
            return null;
        }

        var labels = new JsonObject(mark.Labels.Select(l => KeyValuePair.Create(l.Key, (JsonNode?)l.Value)));
        var taints = (node.Spec?.Taints ?? []).Where(t => !mark.Taints.Exists(m => m.Is(t))).ToList();

        // What somebody has put in their place meanwhile stays.
        taints.AddRange(mark.Replaced.Where(r => !taints.Exists(r.TakesThePlaceOf)).Select(r => r.ToTaint()));
        return Patch(node, null, labels, mark.Taints.Count > 0 ? taints : null);
    }

    /// <summary>The taints that a host has of provisioning, or gets by one of its DPUs' effects, in a fixed order.</summary>
    public static IReadOnlyList<MarkedTaint> TaintsOf(V1Node? node, IEnumerable<NodeEffect?> effects) =>
    [
        .. (node is null ? [] : Of(node).Taints).Concat(effects.Select(e => e?.Taint).OfType<DpuTaint>().Select(t => new MarkedTaint(t.Key, t.Value, t.Effect)))
            .Select(t => t with { Value = t.Value ?? "" }).Distinct()
            .OrderBy(t => t.Key, StringComparer.Ordinal).ThenBy(t => t.Value, StringComparer.Ordinal).ThenBy(t => t.Effect, StringComparer.Ordinal),
    ];

    private static NodeMark Of(V1Node node)
    {
        if (node.Metadata.Annotations?.TryGetValue(ProvisioningLabels.NodeEffectUndo, out var text) != true)
        {
            return new NodeMark();
        }

        try
        {
            return JsonSerializer.Deserialize<NodeMark>(text!) ?? new NodeMark();
        }
        catch (JsonException)
        {
            // Somebody else's words: nothing that could be undone.
            return new NodeMark();
        }
    }

    private static JsonObject Patch(V1Node node, NodeMark? mark, JsonObject labels, List<V1Taint>? taints)
    {
        var patch = new JsonObject
        {
            ["metadata"] = new JsonObject
            {
                ["resourceVersion"] = node.Metadata.ResourceVersion,
                ["annotations"] = new JsonObject
                {
                    [ProvisioningLabels.NodeEffectUndo] = mark is null ? null : JsonSerializer.Serialize(mark),
                },
                ["labels"] = labels,
            },
        };
        if (taints is not null)
        {
            patch["spec"] = new JsonObject { ["taints"] = JsonNode.Parse(KubernetesJson.Serialize(taints)) };
        }

        return patch;
    }
}
