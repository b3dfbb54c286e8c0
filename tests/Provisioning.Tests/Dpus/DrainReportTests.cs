using Dpf.Provisioning.Dpus.Effects;
using k8s.Models;

namespace Dpf.Provisioning.Tests.Dpus;

public sealed class DrainReportTests
{
    [Fact]
    public void AnOperatorThatSaysNothingYetIsWaitedFor() =>
        Assert.Equal("node w1: waiting for the maintenance operator", DrainReport.Of("w1", null));

    [Fact]
    public void ADrainedNodeIsNotWaitedFor() => Assert.Null(DrainReport.Of("w1", Status("Ready", "")));

    [Fact]
    public void ThePodsThatStayAreNamedAndWhatMayKeepThem()
    {
        var status = Status("Draining", "refused");
        status.Drain = new DrainStatus { WaitForEviction = ["a/1", "a/2", "a/3", "a/4", "a/5", "a/6", "a/7"] };
        Assert.Equal(
            "node w1: Draining: refused; still there: a/1, a/2, a/3, a/4, a/5 and 2 more; what stays is kept by a PodDisruptionBudget or a finalizer: kubectl get pdb -A",
            DrainReport.Of("w1", status));
    }

    [Fact]
    public void PodsWhoseEndIsWaitedForAreNamed()
    {
        var status = Status("WaitForPodCompletion", "");
        status.WaitForCompletion = ["a/batch"];
        Assert.Equal("node w1: WaitForPodCompletion; waiting for the end of a/batch", DrainReport.Of("w1", status));
    }

    private static NodeMaintenanceStatus Status(string reason, string message) => new()
    {
        Conditions = [new V1Condition { Type = "Ready", Status = reason == "Ready" ? "True" : "False", Reason = reason, Message = message }],
    };
}
