using Dpf.Ovn.ClusterManager;
using Dpf.Runtime.Informers;
using Dpf.Testing;
using k8s.Models;
using Microsoft.Extensions.Logging.Abstractions;

namespace Dpf.Ovn.Tests.ClusterManager;

/// <summary>What the placement of egress addresses tells of itself.</summary>
public sealed class EgressIpControllerTests
{
    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Addresses_without_a_node_are_told_once_and_again_when_they_are_others()
    {
        await using var cluster = await TestCluster.StartAsync("ovn-kubernetes-chart");
        await using var cache = new Cache(cluster.Client, TimeProvider.System, NullLoggerFactory.Instance);
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(Cancellation);
        var running = new EgressIpController(cache, NullLoggerFactory.Instance, TimeProvider.System).RunAsync(stop.Token);

        await ApplyAsync("a", "10.0.123.200");
        await ToldAsync("a", "no node for 10.0.123.200:");
        await ApplyAsync("b", "10.0.123.201");
        await ToldAsync("b", "no node for 10.0.123.201:");
        await ApplyAsync("a", "10.0.123.200, 10.0.123.202");
        await ToldAsync("a", "no node for 10.0.123.200, 10.0.123.202:");

        Assert.All(await cluster.Client.ListAsync<Corev1Event>("default", Cancellation), e => Assert.Equal(1, e.Count));
        await stop.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => running);

        Task ApplyAsync(string name, string addresses) => cluster.ApplyAsync($$$"""
            apiVersion: k8s.ovn.org/v1
            kind: EgressIP
            metadata: {name: {{{name}}}}
            spec: {egressIPs: [{{{addresses}}}], namespaceSelector: {} }
            """);

        Task ToldAsync(string name, string words) => Eventually.SeeAsync(
            () => cluster.Client.ListAsync<Corev1Event>("default", Cancellation),
            events => events.Any(e => e.InvolvedObject.Name == name && e.Reason == "NoMatchingNodeFound" &&
                e.Message.StartsWith(words, StringComparison.Ordinal)));
    }
}
