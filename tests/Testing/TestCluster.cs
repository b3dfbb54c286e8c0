using Dpf.ApiServer;
using Dpf.Runtime.Clusters;
using k8s.Models;

namespace Dpf.Testing;

/// <summary>A cluster of a test's own: an embedded API server, its administrator, and the CRDs of some charts.</summary>
internal sealed class TestCluster : IAsyncDisposable
{
    private TestCluster(EmbeddedApiServer server)
    {
        Server = server;
        Client = KubeClient.FromKubeconfig(server.AdminKubeconfig);
    }

    public EmbeddedApiServer Server { get; }

    public KubeClient Client { get; }

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    /// <summary>Starts a cluster.</summary>
    /// <param name="charts">Charts whose <c>crds</c> are installed.</param>
    public static async Task<TestCluster> StartAsync(params string[] charts)
    {
        var cluster = new TestCluster(await EmbeddedApiServer.StartAsync(new ApiServerOptions(), Cancellation));
        var files = charts.SelectMany(c => Directory.GetFiles(Path.Combine(TestFolder.Chart(c), "crds"), "*.yaml")).ToList();
        foreach (var file in files)
        {
            await cluster.ApplyAsync(await File.ReadAllTextAsync(file, Cancellation));
        }

        await Eventually.SeeAsync(
            () => cluster.Client.ListAsync<V1CustomResourceDefinition>(null, Cancellation),
            all => all.Count(d => d.Status?.Conditions?.Any(c => c.Type == "Established" && c.Status == "True") == true) >= files.Count);
        return cluster;
    }

    /// <summary>Applies all documents of a text.</summary>
    public async Task ApplyAsync(string yaml)
    {
        foreach (var value in Manifests.Parse(yaml, "test"))
        {
            await Client.ApplyAsync(value, "test", Cancellation);
        }
    }

    public async ValueTask DisposeAsync()
    {
        Client.Dispose();
        await Server.DisposeAsync();
    }
}
