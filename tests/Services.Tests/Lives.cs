using System.Text.Json.Nodes;
using Dpf.Runtime.Clusters;
using Dpf.Services.Tests.DpuDeployments;
using k8s.Models;

namespace Dpf.Services.Tests;

/// <summary>What happens in whole lives, and what objects say meanwhile.</summary>
internal static class Lives
{
    private const string Version = "svc.dpu.nvidia.com/v1alpha1";

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    /// <summary>Waits until a condition says so of the object as it is now.</summary>
    public static Task SaysAsync(this KubeClient client, string kind, string ns, string name, string type, string status, string reason) => client.HasAsync(
        Version, kind, ns, name, v => Eventually.Condition(v, type) is { } c && ((string?)c["status"], (string?)c["reason"]) == (status, reason) &&
            (long?)v["status"]!["observedGeneration"] == (long?)v["metadata"]!["generation"]);

    /// <summary>A namespace that takes nothing new and does not go yet.</summary>
    public static async Task CloseAsync(this KubeClient client, string ns)
    {
        await client.ApplyYamlAsync(Whole.Namespace(ns) + $"apiVersion: v1\nkind: ConfigMap\nmetadata: {{name: held, namespace: {ns}, finalizers: [example.org/held]}}");
        await client.DeleteAsync<V1Namespace>(null, ns, Cancellation);
    }

    /// <summary>Lets go of what <see cref="CloseAsync"/> holds.</summary>
    public static Task ReleaseAsync(this KubeClient client, string ns) =>
        client.PatchAsync<V1ConfigMap>(ns, "held", JsonNode.Parse("""{"metadata":{"finalizers":null}}""")!, Cancellation);
}
