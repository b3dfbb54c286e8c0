using Dpf.Api.Provisioning;
using Dpf.Provisioning.Dpus;
using Dpf.Runtime.Conditions;
using k8s;
using k8s.Models;

namespace Dpf.Provisioning.Tests.Dpus;

public sealed class PhaseTableTests
{
    private static readonly DateTimeOffset Now = new(2026, 1, 2, 3, 4, 5, TimeSpan.Zero);

    public static TheoryData<string> Phases() => [.. DpuPhases.All];

    public static TheoryData<string> Way() => [.. PhaseTable.Way.Select(r => r.Phase)];

    [Theory, MemberData(nameof(Phases))]
    public void EveryPhaseHasARow(string phase) => Assert.Equal(phase, PhaseTable.Of(phase).Phase);

    [Fact]
    public void TheWayLeadsFromNothingToReadyInTheOrderOfTheContract()
    {
        Assert.Equal(
            [
                "Initializing", "Node Effect", "Pending", "DMS Deployment", "OS Installing", "Rebooting", "Host Network Configuration",
                "DPU Cluster Config", "Ready",
            ],
            PhaseTable.Way.Select(r => r.Phase).Append(PhaseTable.Way[^1].Next));
        Assert.All(PhaseTable.Way.Zip(PhaseTable.Way.Skip(1)), pair => Assert.Equal(pair.Second.Phase, pair.First.Next));
        Assert.Equal(PhaseTable.Way.Count, PhaseTable.Way.Select(r => r.Condition).Distinct().Count());
    }

    [Fact]
    public void OnlyOtherDpusOfItsHostHaveToSeeADpuBeforeTheHostIsTouched()
    {
        Assert.Equal([DpuPhases.Initializing], PhaseTable.Way.Where(r => !PhaseTable.GoesOn(r, isAlone: false)).Select(r => r.Phase));
        Assert.All(PhaseTable.Way, r => Assert.True(PhaseTable.GoesOn(r, isAlone: true)));
        Assert.False(PhaseTable.GoesOn(PhaseTable.Of(DpuPhases.Ready), isAlone: true));
    }

    [Theory]
    [InlineData(null)]
    [InlineData("")]
    public void ANewDpuIsAtTheBeginning(string? phase) => Assert.Equal(DpuPhases.Initializing, PhaseTable.Of(phase).Phase);

    [Fact]
    public void AnUnknownPhaseIsSaidSo() => Assert.Contains("'Flying'", Assert.Throws<FormatException>(() => PhaseTable.Of("Flying")).Message, StringComparison.Ordinal);

    [Theory, MemberData(nameof(Way))]
    public void APhaseThatIsOverSetsItsConditionAndMovesOn(string phase)
    {
        var row = PhaseTable.Of(phase);
        var status = DpuStatusRules.Apply(Dpu(phase), row, new Step.Advance("done"), null, Now);
        Assert.Equal(row.Next, status.Phase);
        Assert.Equal(("True", row.Condition, "done"), Said(status, row.Condition));
        Assert.Equal(phase == DpuPhases.ClusterConfig, status.Conditions.IsTrue("Ready"));
    }

    [Theory, MemberData(nameof(Way))]
    public void APhaseThatWaitsSaysForWhat(string phase)
    {
        var row = PhaseTable.Of(phase);
        var status = DpuStatusRules.Apply(Dpu(phase), row, new Step.Wait("Reason", "message"), null, Now);
        Assert.Equal(phase, status.Phase);
        Assert.Equal(("False", "Reason", "message"), Said(status, row.Condition));
        Assert.False(status.Conditions.IsTrue("Ready"));
        Assert.NotNull(status.Conditions.Find("Ready"));
    }

    [Theory, MemberData(nameof(Way))]
    public void APhaseThatFailsSaysWhyAndCanBeResumed(string phase)
    {
        var row = PhaseTable.Of(phase);
        var status = Passed(phase);
        status = DpuStatusRules.Apply(Dpu(phase, status), row, new Step.Fail("Broken", "why"), null, Now);
        Assert.Equal(DpuPhases.Error, status.Phase);
        Assert.Equal(("False", "Broken", "why"), Said(status, "Ready"));
        Assert.Equal(phase, PhaseTable.ResumeAt(status.Conditions));
    }

    [Fact]
    public void TheSameDecisionChangesNothing()
    {
        var row = PhaseTable.Of(DpuPhases.Pending);
        var once = DpuStatusRules.Apply(Dpu(row.Phase), row, new Step.Wait("Reason", "message"), null, Now);
        var twice = DpuStatusRules.Apply(Dpu(row.Phase, once), row, new Step.Wait("Reason", "message"), null, Now.AddHours(1));
        Assert.Equal(KubernetesJson.Serialize(once), KubernetesJson.Serialize(twice));
    }

    [Fact]
    public void WhatIsSeenIsNotChanged()
    {
        var status = Passed(DpuPhases.Pending);
        var before = KubernetesJson.Serialize(status);
        DpuStatusRules.Apply(Dpu(DpuPhases.Pending, status), PhaseTable.Of(DpuPhases.Pending), new Step.Fail("a", "b"), null, Now.AddHours(1));
        Assert.Equal(before, KubernetesJson.Serialize(status));
    }

    [Theory]
    [InlineData("", "True")]
    [InlineData("pod x is not ready", "False")]
    public void AReadyDpuStillSaysWhetherItsHostsNetworkWorks(string network, string expected)
    {
        var status = Passed(DpuPhases.Ready);
        var row = PhaseTable.Of(DpuPhases.Ready);
        status = DpuStatusRules.Apply(Dpu(DpuPhases.Ready, status), row, new Step.Advance("", "DPUNodeReady"), network, Now);
        Assert.Equal(expected, status.Conditions.Find("HostNetworkReady")!.Status);
        Assert.Equal("DPUNodeReady", status.Conditions.Find("Ready")!.Reason);
    }

    [Fact]
    public void APhaseBeginsWhenTheOneBeforeIsOverOrWhenItIsTriedAgain()
    {
        var row = PhaseTable.Of(DpuPhases.DmsDeployment);
        var dpu = Dpu(DpuPhases.DmsDeployment, Passed(DpuPhases.DmsDeployment));
        Assert.Equal(Now, PhaseTable.Since(row, dpu, null));
        Assert.Equal(Now.AddMinutes(1), PhaseTable.Since(row, dpu, Now.AddMinutes(1)));
        Assert.Equal(Now, PhaseTable.Since(row, dpu, Now.AddMinutes(-1)));
        Assert.Null(PhaseTable.Since(PhaseTable.Way[0], dpu, null));
        dpu.Metadata.CreationTimestamp = Now.UtcDateTime.AddHours(-1);
        Assert.Equal(Now.AddHours(-1), PhaseTable.Since(PhaseTable.Way[0], dpu, null));
    }

    [Fact]
    public void EveryPhaseOfTheWayHasALimitAndWhereAttemptsAreCountedItFailsNothing()
    {
        string[] counting = [DpuPhases.OsInstalling, DpuPhases.Rebooting];
        Assert.All(PhaseTable.Way, row => Assert.NotNull(row.Limit(Options)));
        Assert.All(PhaseTable.Way.Where(r => counting.Contains(r.Phase)), row => Assert.Null(row.Limit(Options)!.Reason));
    }

    [Fact]
    public void WhatGoesOnButTakesLongIsStalledAndWhatFailedIsToo()
    {
        var row = PhaseTable.Of(DpuPhases.Initializing);
        var status = DpuStatusRules.Apply(Dpu(row.Phase), row, new Step.Wait("NodeNotFound", "node x does not exist"), null, Now);
        Assert.Null(status.Conditions.Find("Stalled"));
        status = DpuStatusRules.Apply(Dpu(row.Phase, status), row, new Step.Wait("NodeNotFound", "node x does not exist") { IsOverdue = true }, null, Now);
        Assert.Equal((DpuPhases.Initializing, ("True", "NodeNotFound", "node x does not exist")), (status.Phase, Said(status, "Stalled")));
        status = DpuStatusRules.Apply(Dpu(row.Phase, status), row, new Step.Advance(), null, Now);
        Assert.Equal(("False", "Progressing"), (status.Conditions.Find("Stalled")!.Status, status.Conditions.Find("Stalled")!.Reason));
        status = DpuStatusRules.Apply(Dpu(DpuPhases.NodeEffect, status), PhaseTable.Of(DpuPhases.NodeEffect), new Step.Fail("Broken", "why"), null, Now);
        Assert.Equal(("True", "Broken", "why"), Said(status, "Stalled"));
        status = DpuStatusRules.Apply(Dpu(DpuPhases.Error, status), PhaseTable.Of(DpuPhases.Error), new Step.Resume(DpuPhases.NodeEffect), null, Now);
        Assert.Equal("False", status.Conditions.Find("Stalled")!.Status);
    }

    [Fact]
    public void TheStatusSaysOfWhichGenerationItSpeaksAndWhetherAResetIsAwaited()
    {
        var row = PhaseTable.Of(DpuPhases.OsInstalling);
        var status = DpuStatusRules.Apply(Dpu(row.Phase), row, new Step.Advance(), null, Now);
        Assert.Equal((1L, (bool?)true), (status.ObservedGeneration, status.RequiredReset));
        Assert.All(status.Conditions!, c => Assert.Equal(1, c.ObservedGeneration));
        status = DpuStatusRules.Apply(Dpu(DpuPhases.Rebooting, status), PhaseTable.Of(DpuPhases.Rebooting), new Step.Advance(), null, Now);
        Assert.False(status.RequiredReset);
    }

    private static readonly ProvisioningOptions Options = new() { BfbVolumeClaim = "c", BfbFolder = "/bfb", DmsImage = "i", HostNetworkImage = "i" };

    /// <summary>The status of a DPU that has just come to a phase.</summary>
    private static DpuStatus Passed(string phase)
    {
        DpuStatus status = new();
        foreach (var row in PhaseTable.Way.TakeWhile(r => r.Phase != phase))
        {
            status = DpuStatusRules.Apply(Dpu(row.Phase, status), row, new Step.Advance(), null, Now);
        }

        return status;
    }

    private static Dpu Dpu(string phase, DpuStatus? status = null)
    {
        var dpu = new Dpu { Metadata = new V1ObjectMeta { Name = "dpu", Generation = 1 }, Status = status ?? new DpuStatus() };
        dpu.Status.Phase = phase;
        return dpu;
    }

    private static (string Status, string Reason, string Message) Said(DpuStatus status, string type)
    {
        var condition = status.Conditions.Find(type)!;
        return (condition.Status, condition.Reason, condition.Message);
    }
}
