using System.Text.Json.Nodes;
using Dpf.Runtime.Clusters;
using k8s;
using k8s.Models;

namespace Dpf.Provisioning.Tests.World;

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

            Assert.True(attempt < 1200, $"last seen: {Text(seen)}");
            await Task.Delay(TimeSpan.FromMilliseconds(50), TimeProvider.System, Cancellation);
        }
    }

    /// <summary>Waits until something in this process is as expected.</summary>
    public static Task SeeAsync(Func<bool> isAsExpected) => SeeAsync(() => Task.FromResult(isAsExpected()), seen => seen);

    /// <summary>Waits until an object is there and as expected.</summary>
    public static async Task<T> HasAsync<T>(this KubeClient client, string? ns, string name, Func<T, bool>? isAsExpected = null)
        where T : class, IKubernetesObject<V1ObjectMeta> =>
        (await SeeAsync(() => client.GetAsync<T>(ns, name, Cancellation), value => value is not null && isAsExpected?.Invoke(value) != false))!;

    /// <summary>Waits until an object is gone.</summary>
    public static Task LosesAsync<T>(this KubeClient client, string? ns, string name)
        where T : class, IKubernetesObject<V1ObjectMeta> =>
        SeeAsync(() => client.GetAsync<T>(ns, name, Cancellation), value => value is null);

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
        _ => KubernetesJson.Serialize(seen),
    };
}
