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
    public void A_name_that_two_namespaces_use_is_told_apart()
    {
        DpuCluster[] all = [Cluster("a", "c"), Cluster("b", "c"), Cluster("b", "d")];
        Assert.Equal(["a-c", "b-c", "d"], all.Select(c => ClusterTargets.DestinationName(c, all)));
    }

    [Fact]
    public void A_selector_means_the_labels_that_satisfy_all_of_it()
    {
        var labels = new Dictionary<string, string> { ["a"] = "1" };
        Assert.True(ClusterTargets.Selects(null, null));
        Assert.True(ClusterTargets.Selects(new V1LabelSelector(), labels));
        Assert.True(Selects("a", "In", "1", "2"));
        Assert.False(Selects("a", "In", "2"));
        Assert.True(Selects("b", "NotIn", "1"));
        Assert.False(Selects("a", "NotIn", "1"));
        Assert.True(Selects("a", "Exists"));
        Assert.True(Selects("b", "DoesNotExist"));
        Assert.Throws<FormatException>(() => Selects("a", "in", "1"));
        Assert.False(ClusterTargets.Selects(new V1LabelSelector { MatchLabels = new Dictionary<string, string> { ["a"] = "2" } }, labels));

        bool Selects(string key, string operation, params string[] values) => ClusterTargets.Selects(
            new V1LabelSelector { MatchExpressions = [new V1LabelSelectorRequirement { Key = key, OperatorProperty = operation, Values = values }] }, labels);
    }

    private static DpuCluster Cluster(string ns, string name) => new() { Metadata = new V1ObjectMeta { Name = name, NamespaceProperty = ns } };
}
