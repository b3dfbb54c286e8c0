using System.Text;
using Dpf.Runtime.Clusters;
using Dpf.Testing;
using k8s.Models;
using Microsoft.Extensions.Logging.Abstractions;

namespace Dpf.Runtime.Tests.Clusters;

public sealed class ClusterClientsTests : IAsyncLifetime
{
    private static readonly NamespacedName Secret = new("default", "c-admin-kubeconfig");
    private TestCluster _cluster = null!;
    private ClusterClients _clients = null!;

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync()
    {
        _cluster = await TestCluster.StartAsync();
        _clients = new ClusterClients(_cluster.Client, null, TimeProvider.System, NullLoggerFactory.Instance);
    }

    public async ValueTask DisposeAsync()
    {
        await _clients.DisposeAsync();
        await _cluster.DisposeAsync();
    }

    [Fact]
    public async Task AClusterIsThereAsLongAsItsSecretIs()
    {
        Assert.Null(await _clients.GetAsync(Secret, Cancellation));
        await WriteAsync(_cluster.Server.AdminKubeconfig);
        var cluster = await _clients.GetAsync(Secret, Cancellation);
        Assert.NotNull(await cluster!.Client.GetAsync<V1Namespace>(null, "default", Cancellation));
        Assert.Same(cluster, await _clients.GetAsync(Secret, Cancellation));
        await _cluster.Client.DeleteAsync<V1Secret>(Secret.Namespace, Secret.Name, Cancellation);
        Assert.Null(await _clients.GetAsync(Secret, Cancellation));
        await Assert.ThrowsAsync<ObjectDisposedException>(() => cluster.Client.GetAsync<V1Namespace>(null, "default", Cancellation));
    }

    [Fact]
    public async Task ARotatedKubeconfigGivesANewClient()
    {
        await WriteAsync(_cluster.Server.KubeconfigFor("one", ["system:masters"]));
        var before = await _clients.GetAsync(Secret, Cancellation);
        await WriteAsync(_cluster.Server.KubeconfigFor("two", ["system:masters"]));
        var after = await _clients.GetAsync(Secret, Cancellation);
        Assert.NotSame(before, after);
        Assert.NotNull(await after!.Client.GetAsync<V1Namespace>(null, "default", Cancellation));
    }

    [Fact]
    public async Task ManyWhoAskAtOnceShareOneClient()
    {
        await WriteAsync(_cluster.Server.AdminKubeconfig);
        var asked = await Task.WhenAll(Enumerable.Range(0, 16).Select(_ => Task.Run(() => _clients.GetAsync(Secret, Cancellation))));
        Assert.Single(asked.Distinct());
        Assert.NotNull(await asked[0]!.Client.GetAsync<V1Namespace>(null, "default", Cancellation));
    }

    [Theory]
    [InlineData("admin.conf", "token: very-secret\n  bad")]
    [InlineData("admin.conf", "current-context: very-secret")]
    [InlineData("other", "very-secret")]
    public async Task ABrokenSecretIsNamedButNotShown(string key, string text)
    {
        await WriteAsync(text, key);
        var failure = await Assert.ThrowsAsync<FormatException>(() => _clients.GetAsync(Secret, Cancellation));
        Assert.Contains("default/c-admin-kubeconfig", failure.Message, StringComparison.Ordinal);
        if (!text.StartsWith("current-context", StringComparison.Ordinal))
        {
            Assert.DoesNotContain("very-secret", failure.ToString(), StringComparison.Ordinal);
        }
    }

    private Task WriteAsync(string kubeconfig, string key = "admin.conf") => _cluster.ApplyAsync($$"""
        apiVersion: v1
        kind: Secret
        metadata: {name: {{Secret.Name}}, namespace: {{Secret.Namespace}}}
        data: {{{key}}: {{Convert.ToBase64String(Encoding.UTF8.GetBytes(kubeconfig))}}}
        """);
}
