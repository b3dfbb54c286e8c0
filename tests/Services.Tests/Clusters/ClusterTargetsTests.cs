using Dpf.Api.Provisioning;
using Dpf.Services.Clusters;
using k8s.Models;

namespace Dpf.Services.Tests.Clusters;

public sealed class ClusterTargetsTests
{
    [Theory]
    [InlineData("Ready", "k", true)]
    [InlineData("NotReady", "k", true)]
    [InlineData("Pending", "k", false)]
    [InlineData("Creating", "k", false)]
    [InlineData("Ready", "", false)]
    public void A_cluster_counts_once_it_has_been_ready(string phase, string kubeconfig, bool expected)
    {
        var cluster = Cluster("ns", "c");
        (cluster.Spec.Kubeconfig, cluster.Status) = (kubeconfig, new DpuClusterStatus { Phase = phase });
        Assert.Equal(expected, ClusterTargets.HasControlPlane(cluster));
    }

    [Fact]
    public void A_name_that_two_namespaces_use_is_that_of_the_older_and_the_newcomer_is_told_apart()
    {
        DpuCluster[] all = [Cluster("a", "c", 2), Cluster("b", "c", 1), Cluster("b", "d", 3), Cluster("e", "c", 2)];
        Assert.Equal(["a-c", "c", "d", "e-c"], all.Select(c => ClusterTargets.DestinationName(c, all)));
    }

    private static DpuCluster Cluster(string ns, string name, int second = 0) => new()
    {
        Metadata = new V1ObjectMeta { Name = name, NamespaceProperty = ns, CreationTimestamp = DateTime.UnixEpoch.AddSeconds(second) },
    };
}
