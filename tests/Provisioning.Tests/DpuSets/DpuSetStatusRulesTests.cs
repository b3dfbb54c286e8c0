using Dpf.Api.Provisioning;
using Dpf.Provisioning.Dpus;
using Dpf.Provisioning.DpuSets;
using Dpf.Runtime.Conditions;
using k8s.Models;

namespace Dpf.Provisioning.Tests.DpuSets;

public sealed class DpuSetStatusRulesTests
{
    private static readonly DateTimeOffset Now = new(2026, 1, 2, 3, 4, 5, TimeSpan.Zero);

    [Fact]
    public void ASetThatSelectsNothingIsReady()
    {
        var status = Apply(Set(), 0);
        Assert.Equal(["Success"], status.Conditions!.Select(c => c.Reason).Distinct());
        Assert.Equal((0, 0, 0, 7L), (status.Dpus, status.ReadyDpus, status.UpToDateDpus, status.ObservedGeneration));
    }

    [Fact]
    public void ASetWhoseDpusWorkIsReady()
    {
        var status = Apply(Set(), 2, Dpu("a"), Dpu("b"));
        Assert.Equal(("True", "Success", ""), Said(status, "Ready"));
        Assert.Equal((2, 2, 2), (status.Dpus, status.ReadyDpus, status.UpToDateDpus));
    }

    [Fact]
    public void DpusOnTheirWayAreNamed()
    {
        var status = Apply(Set(), 4, Dpu("a"), Dpu("b", "OS Installing"), Dpu("c", isDeleting: true));
        Assert.Equal(("False", "Pending", "1 of 4 DPUs are ready; not yet: b (OS Installing), c (Deleting)"), Said(status, "DPUsReady"));
        Assert.Equal(("False", "Pending", "The following conditions are not ready: DPUsReady"), Said(status, "Ready"));
    }

    [Fact]
    public void ADpuThatFailedIsAFailureOfTheSet()
    {
        var status = Apply(Set(), 2, Dpu("a"), Failed("b"));
        Assert.Equal(("False", "Failure", "1 of 2 DPUs are ready; DPU b is in phase Error: InstallationFailed: no"), Said(status, "DPUsReady"));
        Assert.Equal(("False", "Failure"), (status.Conditions.Find("Ready")!.Status, status.Conditions.Find("Ready")!.Reason));
    }

    [Fact]
    public void WhatKeepsASetFromMakingDpusIsSaid() => Assert.Equal(
        ("False", "Error", "DPU x belongs to DPUSet other; two"),
        Said(DpuSetStatusRules.Apply(Set(), new DpuSetView(1, [], ["DPU x belongs to DPUSet other", "two"], null), Now), "DPUsReconciled"));

    [Fact]
    public void ASetThatIsDeletedNamesWhatItWaitsFor()
    {
        var set = Set();
        set.Metadata.DeletionTimestamp = Now.UtcDateTime;
        var dpus = Enumerable.Range(1, 7).Select(i => Dpu("d" + i)).ToArray();
        Assert.Equal(("False", "AwaitingDeletion", "waiting for the end of d1, d2, d3, d4, d5 and 2 more"), Said(Apply(set, 0, dpus), "DPUsReconciled"));
        Assert.Equal("AwaitingDeletion", Apply(set, 0, dpus).Conditions.Find("Ready")!.Reason);
    }

    [Theory]
    [InlineData("Recreate", "Pending", "1 of 2 DPUs are of an earlier template: a; with strategy Recreate each is made anew when you delete it")]
    [InlineData("RollingUpdate", "Pending", "1 of 2 DPUs are of an earlier template: a")]
    public void ARolloutThatGoesOnSaysWhatIsLeft(string strategy, string reason, string message) =>
        Assert.Equal(("False", reason, message), Said(Apply(Set(strategy), 2, Dpu("a", image: "old"), Dpu("b")), "DPUsUpToDate"));

    [Fact]
    public void ARolloutThatHasStoppedSaysWhyAndWhatToDo()
    {
        var (status, reason, message) = Said(Apply(Set("RollingUpdate"), 2, Dpu("a", image: "old"), Failed("b")), "DPUsUpToDate");
        Assert.Equal(("False", "Failure"), (status, reason));
        Assert.StartsWith("the roll-out has stopped: DPU b is in phase Error: InstallationFailed: no; correct spec.dpuTemplate", message, StringComparison.Ordinal);
    }

    [Fact]
    public void ARolloutToWhatIsNotThereWaits() => Assert.Equal(
        ("False", "Error", "BFB ns/image does not exist; create it; 1 of 1 DPUs are of an earlier template: a, and stay as they are until it is"),
        Said(DpuSetStatusRules.Apply(Set("RollingUpdate"), new DpuSetView(1, [Dpu("a", image: "old")], [], "BFB ns/image does not exist; create it"), Now), "DPUsUpToDate"));

    private static DpuSetStatus Apply(DpuSet set, int wanted, params Dpu[] dpus) =>
        DpuSetStatusRules.Apply(set, new DpuSetView(wanted, dpus, [], null), Now);

    private static DpuSet Set(string? strategy = null) => new()
    {
        Metadata = new V1ObjectMeta { Name = "set", NamespaceProperty = "ns", Generation = 7 },
        Spec = new DpuSetSpec
        {
            Strategy = strategy is null ? null : new DpuSetStrategy { Type = strategy },
            DpuTemplate = new DpuTemplate { Spec = new DpuTemplateSpec { Bfb = new DpuSetBfb { Name = "image" }, DpuFlavor = "flavor" } },
        },
    };

    private static Dpu Dpu(string name, string phase = "Ready", string image = "image", bool isDeleting = false) => new()
    {
        Metadata = new V1ObjectMeta { Name = name, DeletionTimestamp = isDeleting ? Now.UtcDateTime : null },
        Spec = new DpuSpec { NodeName = "n", Bfb = image, DpuFlavor = "flavor" },
        Status = new DpuStatus { Phase = phase, Conditions = [Ready(phase == DpuPhases.Ready, "DPUNodeReady", "")] },
    };

    private static Dpu Failed(string name)
    {
        var dpu = Dpu(name, DpuPhases.Error);
        dpu.Status!.Conditions = [Ready(false, "InstallationFailed", "no")];
        return dpu;
    }

    private static V1Condition Ready(bool isReady, string reason, string message) =>
        new() { Type = "Ready", Status = isReady ? "True" : "False", Reason = reason, Message = message };

    private static (string Status, string Reason, string Message) Said(DpuSetStatus status, string type)
    {
        var condition = status.Conditions.Find(type)!;
        return (condition.Status, condition.Reason, condition.Message);
    }
}
