using System.Text.Json.Nodes;
using Dpf.Services.Clusters;

namespace Dpf.Services.Mirroring;

/// <summary>How an object does in one DPU cluster.</summary>
/// <param name="Link">The cluster.</param>
/// <param name="Failure">Why it could not be brought up to date there; null when it was.</param>
/// <param name="Unready">What does not work there.</param>
internal sealed record ClusterReport(ClusterLink Link, string? Failure, IReadOnlyList<string> Unready)
{
    /// <summary>The reports as the status says them; null for none.</summary>
    public static JsonArray? Json(IReadOnlyCollection<ClusterReport> reports) =>
        reports.Count == 0 ? null : new JsonArray([.. reports.Select(r => r.Json())]);

    private JsonObject Json()
    {
        var report = new JsonObject { ["cluster"] = Link.Name.ToString(), ["ready"] = Failure is null && Unready.Count == 0 };
        if ((Failure ?? string.Join("; ", Unready)) is { Length: > 0 } message)
        {
            report["message"] = message;
        }

        return report;
    }
}
