using System.Text.Json.Nodes;
using Dpf.Runtime.Clusters;

namespace Dpf.Services.Tests;

/// <summary>Waits for what controllers do.</summary>
internal static class Eventually
{
    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    /// <summary>Looks until it is as expected; fails with what was seen last.</summary>
    public static async Task<T> SeeAsync<T>(Func<Task<T>> look, Func<T, bool> isAsExpected)
    {
        for (var attempt = 0; ; attempt++)
        {
            var seen = await look();
            if (isAsExpected(seen))
            {
                return seen;
            }

            Assert.True(attempt < 1200, $"last seen: {Text(seen)}\n{RecentLog.Text}");
            await Task.Delay(TimeSpan.FromMilliseconds(50), TimeProvider.System, Cancellation);
        }
    }

    /// <summary>Waits until an object is there and as expected.</summary>
    public static async Task<JsonObject> HasAsync(
        this KubeClient client, string apiVersion, string kind, string? ns, string name, Func<JsonObject, bool>? isAsExpected = null) =>
        (await SeeAsync(
            () => client.GetAsync(apiVersion, kind, ns, name, Cancellation),
            value => value is not null && isAsExpected?.Invoke(value) != false))!;

    /// <summary>Waits until an object is gone.</summary>
    public static Task LosesAsync(this KubeClient client, string apiVersion, string kind, string? ns, string name) =>
        SeeAsync(() => client.GetAsync(apiVersion, kind, ns, name, Cancellation), value => value is null);

    /// <summary>Waits until a condition has a status, and says what it says.</summary>
    public static async Task<string> ConditionAsync(
        this KubeClient client, string kind, string ns, string name, string type, string status = "True", string? containing = null)
    {
        var value = await client.HasAsync(
            "svc.dpu.nvidia.com/v1alpha1", kind, ns, name,
            v => Condition(v, type) is { } c && (string?)c["status"] == status &&
                (containing is null || ((string?)c["message"])!.Contains(containing, StringComparison.Ordinal)));
        return (string?)Condition(value, type)!["message"] ?? "";
    }

    /// <summary>A condition of an object.</summary>
    public static JsonNode? Condition(JsonObject value, string type) =>
        (value["status"]?["conditions"] as JsonArray)?.FirstOrDefault(c => (string?)c!["type"] == type);

    /// <summary>Applies all documents of a text.</summary>
    public static async Task ApplyYamlAsync(this KubeClient client, string yaml)
    {
        foreach (var value in Manifests.Parse(yaml, "test"))
        {
            await client.ApplyAsync(value, "test", Cancellation);
        }
    }

    private static string Text(object? seen) => seen switch
    {
        null => "nothing",
        JsonNode json => json.ToJsonString(),
        _ => k8s.KubernetesJson.Serialize(seen),
    };
}
