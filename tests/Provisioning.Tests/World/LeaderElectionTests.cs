using Dpf.ApiServer;
using Dpf.Runtime.Clusters;
using Dpf.Runtime.Leases;
using k8s.Models;
using Microsoft.Extensions.Logging.Abstractions;

namespace Dpf.Provisioning.Tests.World;

public sealed class LeaderElectionTests
{
    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task OneLeadsAndTheNextFollows()
    {
        await using var server = await EmbeddedApiServer.StartAsync(new ApiServerOptions(), Cancellation);
        using var client = KubeClient.FromKubeconfig(server.AdminKubeconfig);
        using var first = new CancellationTokenSource();
        using var second = new CancellationTokenSource();
        var leading = new List<string>();
        var running = LeadAsync("first", first.Token);
        await Eventually.SeeAsync(() => leading.Contains("first"));
        var waiting = LeadAsync("second", second.Token);
        var lease = await client.HasAsync<V1Lease>("kube-system", "test", l => l.Spec.HolderIdentity == "first");
        Assert.Equal(0, lease.Spec.LeaseTransitions);
        Assert.DoesNotContain("second", leading);

        // A clean end gives the lease back at once.
        await first.CancelAsync();
        await running;
        await Eventually.SeeAsync(() => leading.Contains("second"));
        Assert.Equal(["first", "first ended", "second"], leading);
        lease = await client.HasAsync<V1Lease>("kube-system", "test", l => l.Spec.HolderIdentity == "second");
        Assert.Equal(1, lease.Spec.LeaseTransitions);

        // One that was taken away ends the work.
        lease.Spec.HolderIdentity = "thief";
        await client.UpdateAsync(lease, Cancellation);
        await Assert.ThrowsAsync<TimeoutException>(() => waiting);
        Assert.Equal("second ended", leading[^1]);

        Task LeadAsync(string name, CancellationToken stop) =>
            new LeaderElection(client, new NamespacedName("kube-system", "test"), name, TimeProvider.System, NullLogger.Instance)
            {
                Duration = TimeSpan.FromSeconds(3),
                Period = TimeSpan.FromMilliseconds(100),
            }.RunAsync(
                async working =>
                {
                    leading.Add(name);
                    await Task.Delay(Timeout.InfiniteTimeSpan, TimeProvider.System, working).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
                    leading.Add(name + " ended");
                },
                stop);
    }

    [Fact]
    public async Task AHolderThatDiedIsFollowedAfterAWhile()
    {
        await using var server = await EmbeddedApiServer.StartAsync(new ApiServerOptions(), Cancellation);
        using var client = KubeClient.FromKubeconfig(server.AdminKubeconfig);
        await client.CreateAsync(
            new V1Lease
            {
                Metadata = new V1ObjectMeta { Name = "test", NamespaceProperty = "kube-system" },
                Spec = new V1LeaseSpec { HolderIdentity = "dead", LeaseDurationSeconds = 1, RenewTime = TimeProvider.System.GetUtcNow().UtcDateTime.AddHours(1) },
            },
            Cancellation);
        var leads = false;
        await new LeaderElection(client, new NamespacedName("kube-system", "test"), "next", TimeProvider.System, NullLogger.Instance)
        {
            Period = TimeSpan.FromMilliseconds(50),
        }.RunAsync(
            _ =>
            {
                leads = true;
                return Task.CompletedTask;
            },
            Cancellation);
        Assert.True(leads);
    }
}
