using Dpf.Ovn.Node;
using Dpf.Ovn.Node.Health;
using Dpf.Testing;
using k8s.Models;
using Microsoft.Extensions.Logging.Abstractions;

namespace Dpf.Ovn.Tests.Node.Health;

/// <summary>A known fault of the original (24): a DPU's failure is seen, with its cause.</summary>
public sealed class DpuLeaseTests
{
    private static readonly DateTime Now = new(2026, 1, 2, 3, 4, 5, DateTimeKind.Utc);

    private static readonly DpuLease Lease = new("ovn-kubernetes", "worker1", TimeSpan.FromSeconds(10), TimeSpan.FromSeconds(40));

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    private static V1Lease Renewed(string? cause = null) =>
        Lease.Renewed(new V1Node { Metadata = new V1ObjectMeta { Name = "worker1", Uid = "u1" } }, Now, cause);

    [Fact]
    public void TheLeaseIsTheNodesAndGoesWithIt()
    {
        var lease = Renewed();
        Assert.Equal(("ovn-dpu-worker1", "ovn-kubernetes"), (lease.Metadata.Name, lease.Metadata.NamespaceProperty));
        Assert.Equal(("ovnkube-dpu-node", 40), (lease.Spec.HolderIdentity, lease.Spec.LeaseDurationSeconds));
        var owner = Assert.Single(lease.Metadata.OwnerReferences);
        Assert.Equal(("Node", "worker1", "u1", true, false), (owner.Kind, owner.Name, owner.Uid, owner.Controller, owner.BlockOwnerDeletion));
    }

    [Theory]
    [InlineData(0, true)]
    [InlineData(40, true)]
    [InlineData(41, false)]
    public void ARenewalCountsForItsDuration(int seconds, bool isReady) =>
        Assert.Equal(isReady, Lease.Cause(Renewed(), TimeSpan.FromSeconds(seconds)) is null);

    [Fact]
    public void AnExpiredLeaseSaysSinceWhen()
    {
        var cause = Lease.Cause(Renewed(), TimeSpan.FromMinutes(2));
        Assert.StartsWith("DPU Not Ready", cause, StringComparison.Ordinal);
        Assert.Contains("2026-01-02T03:04:05Z", cause, StringComparison.Ordinal);
        Assert.Contains("ovn-kubernetes/ovn-dpu-worker1", cause, StringComparison.Ordinal);
    }

    [Fact]
    public void ADpuThatIsThereButCannotConnectPodsSaysWhy() => Assert.Equal(
        "DPU Not Ready: ovn-controller on the DPU has not made br-int",
        Lease.Cause(Renewed(LeaseRenewal.Cause(true, hasBridge: false, hasGateway: true)), TimeSpan.Zero));

    [Fact]
    public void WithoutALeaseNothingIsSaid() => Assert.Null(Lease.Cause(null, TimeSpan.FromDays(1)));

    /// <summary>Else a DPU that tells nothing any more would leave its node without pods for ever.</summary>
    [Fact]
    public void OnlyWhatWasSaidOfTheDpuIsTakenBackWithItsLease()
    {
        Assert.True(DpuHealth.IsLeft(With(DpuHealth.Condition("it burns", Now))));
        Assert.False(DpuHealth.IsLeft(With(DpuHealth.Condition(null, Now))));
        Assert.False(DpuHealth.IsLeft(With(new V1NodeCondition { Type = "NetworkUnavailable", Status = "True", Reason = "NoRoute" })));
        Assert.False(DpuHealth.IsLeft(null));

        static V1Node With(V1NodeCondition condition) => new() { Status = new V1NodeStatus { Conditions = [condition] } };
    }

    [Fact]
    public async Task WhereALeaseIsNoMoreRenewedItGoesAndTheNodeIsNoLongerUnavailable()
    {
        await using var world = await AgentWorld.StartAsync("10.233.64.0/24");
        var (node, lease) = (world.Node, Lease with { Namespace = "default", RenewInterval = TimeSpan.Zero });
        var owner = (await world.Cluster.Client.GetAsync<V1Node>(null, "worker1", Cancellation))!;
        await world.Cluster.Client.CreateAsync(lease.Renewed(owner, Now, null), Cancellation);
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(Cancellation);
        var health = new DpuHealth(node, lease).RunAsync(stop.Token);
        await ConditionAsync("True");

        await using var ovs = new OpenVSwitch(world.Machine, TimeProvider.System, NullLogger.Instance);
        var renewal = new LeaseRenewal(node, lease, ovs).RunAsync(stop.Token);
        await ConditionAsync("False");
        Assert.Null(await world.Cluster.Client.GetAsync<V1Lease>("default", lease.Name, Cancellation));

        await stop.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => Task.WhenAll(health, renewal));

        Task ConditionAsync(string status) => Eventually.SeeAsync(
            () => world.Cluster.Client.GetAsync<V1Node>(null, "worker1", Cancellation),
            n => n!.Status?.Conditions?.Any(c => c.Type == "NetworkUnavailable" && c.Status == status) == true);
    }

    [Fact]
    public void TheDurationThatTheDpuWroteCounts()
    {
        var lease = Renewed();
        lease.Spec.LeaseDurationSeconds = 5;
        Assert.NotNull(Lease.Cause(lease, TimeSpan.FromSeconds(6)));
    }

    [Theory]
    [InlineData(true, true, true, null)]
    [InlineData(false, true, true, "Open vSwitch")]
    [InlineData(true, false, true, "br-int")]
    [InlineData(true, true, false, "gateway")]
    public void TheFirstThingThatIsMissingIsTheCause(bool isConnected, bool hasBridge, bool hasGateway, string? word)
    {
        var cause = LeaseRenewal.Cause(isConnected, hasBridge, hasGateway);
        Assert.Equal(word is null, cause is null);
        Assert.Contains(word ?? "", cause ?? "", StringComparison.Ordinal);
    }

    [Fact]
    public void TheNodesConditionTellsTheCause()
    {
        var condition = DpuHealth.Condition("it burns", Now);
        Assert.Equal(("NetworkUnavailable", "True", "DPUNotReady", "it burns"), (condition.Type, condition.Status, condition.Reason, condition.Message));
        Assert.Equal("False", DpuHealth.Condition(null, Now).Status);
    }

    [Fact]
    public void WhatSomebodyElseWroteOverTheConditionIsToldAgain()
    {
        Assert.False(DpuHealth.IsTold(null, null));
        var node = new V1Node { Status = new V1NodeStatus { Conditions = [DpuHealth.Condition(null, Now)] } };
        Assert.True(DpuHealth.IsTold(node, null));
        Assert.False(DpuHealth.IsTold(node, "it burns"));
        node.Status.Conditions = [DpuHealth.Condition("it burns", Now)];
        Assert.False(DpuHealth.IsTold(node, null));
        Assert.False(DpuHealth.IsTold(node, "it smokes"));
        node.Status.Conditions = [];
        Assert.False(DpuHealth.IsTold(node, null));
    }
}
