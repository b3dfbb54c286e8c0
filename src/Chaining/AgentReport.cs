using System.Text.Json;
using System.Text.Json.Nodes;
using k8s;
using k8s.Models;

namespace Dpf.Chaining;

/// <summary>
/// What a node's agent made of an interface or a chain. It is an annotation because the kinds' status has no fields.
/// </summary>
/// <param name="Generation">The generation of the object that was looked at.</param>
/// <param name="Ready">Whether the switch is as the object says.</param>
/// <param name="Message">What is missing; empty when nothing is.</param>
public sealed record AgentReport(long Generation, bool Ready, string Message)
{
    /// <summary>The report on an object; null when there is none that can be read.</summary>
    public static AgentReport? Of(IKubernetesObject<V1ObjectMeta> value) =>
        value.Metadata.Annotations?.TryGetValue(ChainingLabels.Report, out var text) == true ? Parse(text) : null;

    /// <summary>The report in an annotation's text; null when it cannot be read.</summary>
    public static AgentReport? Parse(string? text)
    {
        if (string.IsNullOrEmpty(text))
        {
            return null;
        }

        try
        {
            var json = JsonNode.Parse(text);
            return new AgentReport(
                (long?)json?["generation"] ?? 0, (bool?)json?["ready"] ?? false, (string?)json?["message"] ?? "");
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException or FormatException)
        {
            return null;
        }
    }

    /// <summary>Whether an object's agent says that it works, as it is now.</summary>
    public static bool IsReady(IKubernetesObject<V1ObjectMeta> value) =>
        Of(value) is { Ready: true } report && report.Generation == (value.Metadata.Generation ?? 0);

    /// <summary>The annotation's text.</summary>
    public string Write() =>
        new JsonObject { ["generation"] = Generation, ["ready"] = Ready, ["message"] = Message }.ToJsonString();
}
