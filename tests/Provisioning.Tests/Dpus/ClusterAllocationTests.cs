using Dpf.Api.Provisioning;
using Dpf.Provisioning.Dpus;
using Dpf.Runtime.Clusters;
using FsCheck.Xunit;
using k8s.Models;

namespace Dpf.Provisioning.Tests.Dpus;

public sealed class ClusterAllocationTests
{
    [Fact]
    public void TheFirstByNameThatIsReadyAndHasAPlaceIsChosen()
    {
        var clusters = new[] { Cluster("d"), Cluster("b"), Cluster("a", phase: "NotReady"), Cluster("c") };
        Assert.Equal(new NamespacedName("ns", "b"), ClusterAllocation.Choose(clusters, Assigned()).Cluster);
    }

    [Fact]
    public void AFullClusterIsPassedOver()
    {
        var clusters = new[] { Cluster("a", maxNodes: 2), Cluster("b") };
        Assert.Equal("b", ClusterAllocation.Choose(clusters, Assigned(("a", 2))).Cluster!.Value.Name);
        Assert.Equal("a", ClusterAllocation.Choose(clusters, Assigned(("a", 1))).Cluster!.Value.Name);
    }

    [Fact]
    public void WithoutAPlaceItIsSaidWhyForEach()
    {
        var (cluster, why) = ClusterAllocation.Choose(
            [Cluster("a", maxNodes: 1), Cluster("b", phase: "Creating"), Cluster("c", isDeleting: true)], Assigned(("a", 1)));
        Assert.Null(cluster);
        Assert.Equal("no DPUCluster has a place: ns/a is full (maxNodes 1); ns/b is not ready; ns/c is being deleted", why);
        Assert.Contains("create one", ClusterAllocation.Choose([], Assigned()).Why, StringComparison.Ordinal);
    }

    [Property]
    public void NoClusterEverGetsMoreThanItTakes(FsCheck.PositiveInt[] places, FsCheck.PositiveInt dpus)
    {
        var clusters = places.Select((p, i) => Cluster($"c{i:000}", maxNodes: p.Get % 5)).ToList();
        var assigned = new Dictionary<NamespacedName, int>();
        for (var i = 0; i < dpus.Get; i++)
        {
            if (ClusterAllocation.Choose(clusters, assigned).Cluster is { } chosen)
            {
                assigned[chosen] = assigned.GetValueOrDefault(chosen) + 1;
            }
        }

        Assert.All(clusters, c => Assert.True(assigned.GetValueOrDefault(new NamespacedName("ns", c.Metadata.Name)) <= c.Spec.MaxNodes));
        Assert.Equal(Math.Min(dpus.Get, clusters.Sum(c => c.Spec.MaxNodes!.Value)), assigned.Values.Sum());
    }

    private static Dictionary<NamespacedName, int> Assigned(params (string Name, int Count)[] counts) =>
        counts.ToDictionary(c => new NamespacedName("ns", c.Name), c => c.Count);

    private static DpuCluster Cluster(string name, string phase = "Ready", int? maxNodes = null, bool isDeleting = false) => new()
    {
        Metadata = new V1ObjectMeta { Name = name, NamespaceProperty = "ns", DeletionTimestamp = isDeleting ? new DateTime(2026, 1, 1, 0, 0, 0, DateTimeKind.Utc) : null },
        Spec = new DpuClusterSpec { MaxNodes = maxNodes },
        Status = new DpuClusterStatus { Phase = phase },
    };
}
