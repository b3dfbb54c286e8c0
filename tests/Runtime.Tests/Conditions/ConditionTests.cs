using Dpf.Runtime.Conditions;
using k8s.Models;

namespace Dpf.Runtime.Tests;

public sealed class ConditionTests
{
    private static readonly DateTimeOffset Start = new(2026, 1, 1, 0, 0, 0, TimeSpan.Zero);

    [Fact]
    public void TheTransitionTimeMovesOnlyWithTheStatus()
    {
        List<V1Condition> conditions = [];
        conditions.SetFalse("A", Reasons.Pending, "one", 1, Start);
        Assert.True(conditions.SetFalse("A", Reasons.Error, "two", 2, Start.AddMinutes(1)));
        Assert.Equal(Start.UtcDateTime, conditions.Find("A")!.LastTransitionTime);
        conditions.SetTrue("A", 2, Start.AddMinutes(2));
        Assert.Equal(Start.AddMinutes(2).UtcDateTime, conditions.Find("A")!.LastTransitionTime);
        Assert.False(conditions.SetTrue("A", 2, Start.AddMinutes(3)));
    }

    [Theory]
    [InlineData(Reasons.Pending, Reasons.Failure, Reasons.Failure)]
    [InlineData(Reasons.Failure, Reasons.AwaitingDeletion, Reasons.AwaitingDeletion)]
    [InlineData(Reasons.Error, Reasons.Error, Reasons.Pending)]
    public void ReadyTakesTheWorstReason(string first, string second, string expected)
    {
        List<V1Condition> conditions = [];
        conditions.SetFalse("A", first, "", 1, Start);
        conditions.SetFalse("B", second, "", 1, Start);
        conditions.Summarise(1, Start);
        var ready = conditions.Find("Ready")!;
        Assert.Equal(("False", expected, "The following conditions are not ready: A, B"), (ready.Status, ready.Reason, ready.Message));
    }

    [Fact]
    public void SeededConditionsAreUnknownAndKeepReadyFalse()
    {
        List<V1Condition> conditions = [];
        conditions.Seed(["A"], 1, Start);
        conditions.Summarise(1, Start);
        Assert.Equal("Unknown", conditions.Find("A")!.Status);
        Assert.False(conditions.IsTrue("Ready"));
    }
}
