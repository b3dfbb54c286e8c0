using System.Text.Json.Nodes;

namespace Dpf.Services.Tests;

/// <summary>What Argo CD would do, step by step as a test says.</summary>
internal static class FakeArgo
{
    public const string Version = "argoproj.io/v1alpha1";

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    /// <summary>An Application, once it is there.</summary>
    public static Task<JsonObject> ApplicationAsync(this TwoClusters clusters, string name, Func<JsonObject, bool>? isAsExpected = null) =>
        clusters.Management.HasAsync(Version, "Application", TwoClusters.SystemNamespace, name, isAsExpected);

    /// <summary>Reports on an Application.</summary>
    public static Task ReportAsync(this TwoClusters clusters, string name, string sync = "Synced", string health = "Healthy") =>
        PatchAsync(clusters, name, new JsonObject
        {
            ["status"] = new JsonObject
            {
                ["sync"] = new JsonObject { ["status"] = sync },
                ["health"] = new JsonObject { ["status"] = health },
            },
        });

    /// <summary>Has deleted what an Application deployed, once that is asked for.</summary>
    public static async Task FinishAsync(this TwoClusters clusters, string name)
    {
        await clusters.ApplicationAsync(name, a => a["metadata"]!["deletionTimestamp"] is not null);
        await PatchAsync(clusters, name, new JsonObject { ["metadata"] = new JsonObject { ["finalizers"] = null } });
    }

    /// <summary>Changes an Application.</summary>
    public static async Task PatchAsync(this TwoClusters clusters, string name, JsonObject patch)
    {
        var (type, _) = await clusters.Management.MapAsync(Version, "Application", Cancellation);
        await clusters.Management.SendRawAsync(
            HttpMethod.Patch, type.Path(TwoClusters.SystemNamespace, name), patch, Cancellation, "application/merge-patch+json");
    }
}
