using System.Text.Json.Nodes;
using Dpf.Runtime.Clusters;

namespace Dpf.Services.Tests;

/// <summary>What the controller of a DPU cluster would say of a set.</summary>
internal static class Sets
{
    private const string Version = "svc.dpu.nvidia.com/v1alpha1";

    /// <summary>Says that all of a set's children work, once it is there.</summary>
    public static async Task ReportAsync(KubeClient client, string kind, string ns, string name, long generation)
    {
        await client.HasAsync(Version, kind, ns, name);
        var (type, _) = await client.MapAsync(Version, kind, TestContext.Current.CancellationToken);
        await client.SendRawAsync(
            HttpMethod.Patch, type.Path(ns, name, "status"),
            new JsonObject
            {
                ["status"] = new JsonObject
                {
                    ["observedGeneration"] = generation,
                    ["conditions"] = new JsonArray(new JsonObject
                    {
                        ["type"] = "Ready", ["status"] = "True", ["reason"] = "Success", ["message"] = "",
                        ["lastTransitionTime"] = "2026-01-01T00:00:00Z",
                    }),
                },
            },
            TestContext.Current.CancellationToken, "application/merge-patch+json");
    }
}
