using System.Text.Json.Nodes;

namespace Dpf.ApiServer.Serving;

/// <summary>The <c>autoscaling/v1</c> Scale of an object.</summary>
internal static class ScaleView
{
    public static JsonObject Of(ResourceDefinition definition, JsonObject value)
    {
        var paths = definition.Scale ?? throw ApiErrors.UnknownResource();
        var status = new JsonObject { ["replicas"] = value.Number(Steps(paths.StatusReplicas)) ?? 0 };
        if (paths.Selector is { } selector && value.At(Steps(selector)) is { } text)
        {
            status["selector"] = text is JsonObject map ? Selector(map) : text.DeepClone();
        }

        return new JsonObject
        {
            ["kind"] = "Scale",
            ["apiVersion"] = "autoscaling/v1",
            ["metadata"] = new JsonObject
            {
                ["name"] = value.Name(),
                ["namespace"] = value.Namespace(),
                ["uid"] = value.Text("metadata", "uid"),
                ["resourceVersion"] = value.Text("metadata", "resourceVersion"),
                ["creationTimestamp"] = value.Text("metadata", "creationTimestamp"),
            },
            ["spec"] = new JsonObject { ["replicas"] = value.Number(Steps(paths.SpecReplicas)) ?? 0 },
            ["status"] = status,
        };
    }

    public static JsonObject Apply(ResourceDefinition definition, JsonObject value, JsonObject scale)
    {
        var steps = Steps(definition.Scale!.SpecReplicas);
        var target = value;
        foreach (var step in steps[..^1])
        {
            target = target.Map(step);
        }

        target[steps[^1]] = scale.Number("spec", "replicas") ?? 0;
        if (scale.Text("metadata", "resourceVersion") is { Length: > 0 } version)
        {
            value.Map("metadata")["resourceVersion"] = version;
        }

        return value;
    }

    private static string[] Steps(string path) => path.TrimStart('.').Split('.');

    private static string Selector(JsonObject selector) => string.Join(
        ',', (selector["matchLabels"] as JsonObject ?? []).Select(l => $"{l.Key}={l.Value}"));
}
