using System.Text.Json.Nodes;

namespace Dpf.Provisioning.Admission;

/// <summary>What objects say when their users do not: pure.</summary>
internal static class Defaults
{
    /// <summary>A BFB's file: its namespace and name.</summary>
    /// <param name="bfb">The BFB.</param>
    /// <param name="ns">Its namespace.</param>
    /// <param name="before">The BFB as it is stored; null for a new one.</param>
    public static JsonObject OfBfb(JsonObject bfb, string? ns, JsonObject? before = null)
    {
        // What is stored without a file stays so: its spec cannot be changed, and to fill it in would refuse every update.
        var file = before is not null ? (string?)before["spec"]?["fileName"]
            : (string?)bfb["metadata"]?["name"] is { Length: > 0 } name ? $"{ns}-{name}.bfb"
            : null;
        var filled = bfb.DeepClone().AsObject();
        if (filled["spec"] is JsonObject spec && string.IsNullOrEmpty((string?)spec["fileName"]) && !string.IsNullOrEmpty(file))
        {
            spec["fileName"] = file;
        }

        return filled;
    }

    /// <summary>A DPUSet: replaced only by hand; a rolling update one by one; no effect where there is no template.</summary>
    public static JsonObject OfDpuSet(JsonObject set)
    {
        var filled = set.DeepClone().AsObject();
        var spec = Child(filled, "spec");
        var strategy = spec["strategy"] as JsonObject;
        if (strategy is null)
        {
            spec["strategy"] = new JsonObject { ["type"] = "Recreate" };
        }
        else if ((string?)strategy["type"] == "RollingUpdate" && strategy["rollingUpdate"]?["maxUnavailable"] is null)
        {
            strategy["rollingUpdate"] = new JsonObject { ["maxUnavailable"] = 1 };
        }

        var template = Child(Child(spec, "dpuTemplate"), "spec");
        template["nodeEffect"] ??= new JsonObject { ["noEffect"] = true };
        return filled;
    }

    private static JsonObject Child(JsonObject parent, string name)
    {
        if (parent[name] is not JsonObject child)
        {
            parent[name] = child = [];
        }

        return child;
    }
}
