using Dpf.Runtime.Clusters;
using Dpf.Runtime.Reconciling;
using Dpf.Testing;
using k8s.Models;

namespace Dpf.Runtime.Tests.Reconciling;

public sealed class FinalizerTests : IAsyncLifetime
{
    private TestCluster _cluster = null!;

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    private KubeClient Client => _cluster.Client;

    public async ValueTask InitializeAsync() => _cluster = await TestCluster.StartAsync();

    public ValueTask DisposeAsync() => _cluster.DisposeAsync();

    [Fact]
    public async Task AnObjectOutlivesItsDeletionUntilTheLastFinalizerIsRemoved()
    {
        var value = await CreateAsync();
        value = await Client.AddFinalizerAsync(value, "example.org/a", Cancellation);
        value = await Client.AddFinalizerAsync(value, "example.org/b", Cancellation);
        value = await Client.AddFinalizerAsync(value, "example.org/b", Cancellation);
        Assert.Equal(["example.org/a", "example.org/b"], value.Metadata.Finalizers);

        await Client.DeleteAsync<V1ConfigMap>("default", "m", Cancellation);
        value = (await Client.GetAsync<V1ConfigMap>("default", "m", Cancellation))!;
        Assert.True(value.IsDeleting());
        await Client.RemoveFinalizerAsync(value, "example.org/a", Cancellation);
        value = (await Client.GetAsync<V1ConfigMap>("default", "m", Cancellation))!;
        Assert.Equal(["example.org/b"], value.Metadata.Finalizers);
        await Client.RemoveFinalizerAsync(value, "example.org/b", Cancellation);
        Assert.Null(await Client.GetAsync<V1ConfigMap>("default", "m", Cancellation));
        await Client.RemoveFinalizerAsync(value, "example.org/b", Cancellation);
    }

    [Fact]
    public async Task AFinalizerThatSomebodyElseAddedMeanwhileIsNotLost()
    {
        var stale = await CreateAsync();
        await Client.AddFinalizerAsync(stale, "example.org/theirs", Cancellation);
        Assert.True((await Assert.ThrowsAsync<KubeException>(() => Client.AddFinalizerAsync(stale, "example.org/ours", Cancellation))).IsConflict);
        var now = await Client.GetAsync<V1ConfigMap>("default", "m", Cancellation);
        Assert.Equal(["example.org/theirs"], now!.Metadata.Finalizers);
    }

    private Task<V1ConfigMap> CreateAsync() => Client.CreateAsync(
        new V1ConfigMap { Metadata = new V1ObjectMeta { Name = "m", NamespaceProperty = "default" } }, Cancellation);
}
