using System.Text.Json.Nodes;
using Dpf.Runtime.Clusters;
using k8s;

namespace Dpf.Testing;

/// <summary>Waits for what controllers do.</summary>
internal static class Eventually
{
    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    /// <summary>Looks until it is as expected; fails, after a minute, with what was seen last.</summary>
    public static async Task<T> SeeAsync<T>(Func<Task<T>> look, Func<T, bool> isAsExpected)
    {
        for (var attempt = 0; ; attempt++)
        {
            var seen = await look();
            if (isAsExpected(seen))
            {
                return seen;
            }

            Assert.True(attempt < 1200, $"last seen: {Text(seen)}");
            await Task.Delay(TimeSpan.FromMilliseconds(50), TimeProvider.System, Cancellation);
        }
    }

    /// <summary>Waits until something in this process is so.</summary>
    public static Task SeeAsync(Func<bool> isSo) => SeeAsync(() => Task.FromResult(isSo()), seen => seen);

    /// <summary>Waits until an object is there and as expected.</summary>
    public static async Task<JsonObject> HasAsync(
        this KubeClient client, string apiVersion, string kind, string? ns, string name, Func<JsonObject, bool>? isAsExpected = null) =>
        (await SeeAsync(
            () => client.GetAsync(apiVersion, kind, ns, name, Cancellation),
            value => value is not null && isAsExpected?.Invoke(value) != false))!;

    /// <summary>Waits until an object is gone.</summary>
    public static Task LosesAsync(this KubeClient client, string apiVersion, string kind, string? ns, string name) =>
        SeeAsync(() => client.GetAsync(apiVersion, kind, ns, name, Cancellation), value => value is null);

    private static string Text(object? seen) => seen switch
    {
        null => "nothing",
        JsonNode json => json.ToJsonString(),
        _ => KubernetesJson.Serialize(seen),
    };
}
