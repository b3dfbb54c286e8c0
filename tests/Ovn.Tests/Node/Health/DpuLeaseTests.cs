using Dpf.Ovn.Node.Health;
using k8s.Models;

namespace Dpf.Ovn.Tests.Node.Health;

/// <summary>A known fault of the original (24): a DPU's failure is seen, with its cause.</summary>
public sealed class DpuLeaseTests
{
    private static readonly DateTime Now = new(2026, 1, 2, 3, 4, 5, DateTimeKind.Utc);

    private static readonly DpuLease Lease = new("ovn-kubernetes", "worker1", TimeSpan.FromSeconds(10), TimeSpan.FromSeconds(40));

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
