using Dpf.Ovn.Annotations;
using Dpf.Ovn.ClusterManager;
using Dpf.Ovn.Tests.Node;
using Dpf.Testing;
using k8s.Models;

namespace Dpf.Ovn.Tests.ClusterManager;

/// <summary>The control plane as its Deployment runs it.</summary>
public sealed class ClusterManagerComponentTests
{
    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    /// <summary>Two that decide at once, as in every rolling update, could give one subnet to two nodes.</summary>
    [Fact]
    public async Task Of_two_replicas_one_decides_and_the_other_takes_over()
    {
        await using var cluster = await TestCluster.StartAsync("ovn-kubernetes-chart");
        var token = await AgentPod.TokenAsync(cluster, "- {apiGroups: ['*'], resources: ['*'], verbs: ['*']}");
        using var one = new Replica(cluster, "one", token);
        await LedByAsync("one");
        await HasSubnetAsync("worker1");

        using var two = new Replica(cluster, "two", token);
        await HasSubnetAsync("worker2");
        await LedByAsync("one");

        await one.StopAsync();
        await LedByAsync("two");
        await HasSubnetAsync("worker3");
        await two.StopAsync();

        Task LedByAsync(string name) => Eventually.SeeAsync(
            () => cluster.Client.GetAsync<V1Lease>("default", "ovn-kubernetes-master", Cancellation),
            lease => lease?.Spec.HolderIdentity?.StartsWith(name + "_", StringComparison.Ordinal) == true);

        async Task HasSubnetAsync(string node)
        {
            await cluster.ApplyAsync($"apiVersion: v1\nkind: Node\nmetadata:\n  name: {node}\n");
            await Eventually.SeeAsync(
                () => cluster.Client.GetAsync<V1Node>(null, node, Cancellation), n => NodeAnnotations.SubnetsOf(n!.Metadata.Annotations).Count > 0);
        }
    }

    private sealed class Replica : IDisposable
    {
        private readonly FolderMachine _machine = new();
        private readonly CancellationTokenSource _stop = CancellationTokenSource.CreateLinkedTokenSource(Cancellation);
        private readonly Task _running;

        public Replica(TestCluster cluster, string name, string token)
        {
            var pod = AgentPod.Of("ovnkube-control-plane", _machine, new Uri(cluster.Server.Address), cluster.Server.CaPem, token);
            _running = new ClusterManagerComponent().RunAsync(
                pod with
                {
                    Arguments = ["--leader-elect", "--cluster-subnets=10.233.64.0/18/24", "--k8s-service-cidrs=10.233.0.0/18"],
                    Environment = new Dictionary<string, string>(pod.Environment) { ["HOSTNAME"] = name },
                },
                _stop.Token);
        }

        public async Task StopAsync()
        {
            await _stop.CancelAsync();
            await Assert.ThrowsAnyAsync<OperationCanceledException>(() => _running);
        }

        public void Dispose()
        {
            _stop.Cancel();
            _stop.Dispose();
            _machine.Dispose();
        }
    }
}
