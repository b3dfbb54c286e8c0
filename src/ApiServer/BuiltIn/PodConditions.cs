using System.Text.Json.Nodes;
using Dpf.ApiServer.Serving;

namespace Dpf.ApiServer.BuiltIn;

/// <summary>Conditions that the server itself writes into pods.</summary>
internal static class PodConditions
{
    /// <summary>Sets a condition to True on whatever the pod is by then.</summary>
    public static JsonObject SetTrue(JsonObject pod, string type, DateTimeOffset now, string reason = "", string message = "")
    {
        pod.Map("metadata").Remove("resourceVersion");
        var condition = new JsonObject { ["type"] = type, ["status"] = "True", ["lastTransitionTime"] = Timestamp.Text(now), ["lastProbeTime"] = null };
        if (reason.Length > 0)
        {
            (condition["reason"], condition["message"]) = (reason, message);
        }

        var others = pod.Objects("status", "conditions").Where(c => c.Text("type") != type).Select(c => c.DeepClone());
        pod.Map("status")["conditions"] = new JsonArray([.. others, condition]);
        return pod;
    }
}
