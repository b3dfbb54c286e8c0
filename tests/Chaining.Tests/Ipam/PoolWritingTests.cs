using Dpf.Chaining.Ipam;
using Dpf.Runtime.Clusters;
using Dpf.Testing;
using k8s.Models;

namespace Dpf.Chaining.Tests.Ipam;

/// <summary>How the division of a pool gets into its status.</summary>
public sealed class PoolWritingTests
{
    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_division_of_a_pool_that_has_changed_meanwhile_is_not_written()
    {
        await using var cluster = await TestCluster.StartAsync("dpu-networking/charts/nvidia-k8s-ipam");
        var seen = await cluster.Client.CreateAsync(
            new IpPool
            {
                Metadata = new V1ObjectMeta { Name = "pool", NamespaceProperty = "default" },
                Spec = new() { Subnet = "10.0.0.0/24", PerNodeBlockSize = 8, Gateway = "10.0.0.1" },
            },
            Cancellation);
        await IpamComponent.WriteAsync(cluster.Client, seen, PoolDivision.Blocks(seen.Spec, [], ["a"]), Cancellation);

        // Seen before the first was written: node b would get the block that a has.
        var refused = await Assert.ThrowsAsync<KubeException>(
            () => IpamComponent.WriteAsync(cluster.Client, seen, PoolDivision.Blocks(seen.Spec, [], ["b"]), Cancellation));
        Assert.True(refused.IsConflict, refused.Message);
        var now = (await cluster.Client.GetAsync<IpPool>("default", "pool", Cancellation))!;
        Assert.Equal("a", Assert.Single(now.Status!.Allocations!).NodeName);
        await IpamComponent.WriteAsync(cluster.Client, now, PoolDivision.Blocks(now.Spec, now.Status.Allocations, ["a", "b"]), Cancellation);
        Assert.Equal(2, (await cluster.Client.GetAsync<IpPool>("default", "pool", Cancellation))!.Status!.Allocations!.Count);
    }
}
