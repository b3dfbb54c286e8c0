using System.Text.Json.Nodes;
using Dpf.Provisioning.DpuSets;
using FsCheck.Xunit;

namespace Dpf.Provisioning.Tests.DpuSets;

public sealed class RollingUpdatePlanTests
{
    [Theory]
    [InlineData("1", 10, 1)]
    [InlineData("3", 10, 3)]
    [InlineData("30", 10, 10)]
    [InlineData("\"10%\"", 2, 1)]
    [InlineData("\"10%\"", 11, 2)]
    [InlineData("\"14%\"", 50, 7)]
    [InlineData("\"100%\"", 7, 7)]
    [InlineData("null", 7, 1)]
    [InlineData("1", 0, 1)]
    public void ALimitIsANumberOfDpus(string limit, int wanted, int expected) =>
        Assert.Equal(expected, RollingUpdatePlan.Limit(JsonNode.Parse(limit), wanted));

    [Theory]
    [InlineData("0")]
    [InlineData("-1")]
    [InlineData("1.5")]
    [InlineData("\"0%\"")]
    [InlineData("\"101%\"")]
    [InlineData("\"3\"")]
    [InlineData("\"x%\"")]
    [InlineData("true")]
    public void AnythingElseIsNoLimit(string limit) => Assert.Null(RollingUpdatePlan.Parse(JsonNode.Parse(limit)));

    [Fact]
    public void ThoseThatDoNotWorkGoFirst() => Assert.Equal(
        ["c", "a"], Next(2, 4, Outdated("a"), Outdated("b"), new RollingDpu("c", true, false, false), new RollingDpu("d", false, true, false)));

    [Fact]
    public void AFreshOneThatDoesNotWorkStopsTheRollout() =>
        Assert.Empty(Next(1, 2, Outdated("a"), new RollingDpu("b", false, false, false)));

    [Fact]
    public void AFreshOneThatFailedStopsTheRolloutWhateverMayBeMissingUntilAnotherWorks()
    {
        var failed = new RollingDpu("b", false, false, false, IsFailed: true);
        Assert.Empty(Next(5, 5, Outdated("a"), failed));
        Assert.Equal(["a"], Next(5, 5, Outdated("a"), failed, new RollingDpu("c", false, true, false)));

        // What failed and is outdated itself goes first: the image before, or the next, heals it.
        Assert.Equal(["b"], Next(1, 2, Outdated("a"), failed with { IsOutdated = true }));
    }

    [Fact]
    public void OneThatIsMissingOrGoingCounts()
    {
        Assert.Empty(Next(1, 2, Outdated("a")));
        Assert.Empty(Next(1, 2, Outdated("a"), new RollingDpu("b", true, true, true)));
        Assert.Equal(["a"], Next(1, 1, Outdated("a")));
    }

    [Property(MaxTest = 1000)]
    public void NeverMoreAreMissingThanMayBe((bool IsOutdated, bool IsAvailable, bool IsDeleting)[] shapes, FsCheck.NonNegativeInt more, FsCheck.PositiveInt limit)
    {
        var dpus = shapes.Select((s, i) => new RollingDpu($"dpu{i:000}", s.IsOutdated, s.IsAvailable, s.IsDeleting)).ToList();
        var wanted = dpus.Count + (more.Get % 3);
        var max = RollingUpdatePlan.Limit(JsonValue.Create(limit.Get), wanted);
        var chosen = RollingUpdatePlan.Next(dpus, wanted, max);

        var working = dpus.Count(d => d.IsAvailable && !d.IsDeleting);
        var after = dpus.Count(d => d.IsAvailable && !d.IsDeleting && !chosen.Contains(d.Name));
        Assert.True(after == working || after >= wanted - max, $"{after} of {wanted} work, {max} may be missing");
        Assert.All(chosen, name => Assert.True(dpus.Single(d => d.Name == name) is { IsOutdated: true, IsDeleting: false }));
    }

    [Property(MaxTest = 200)]
    public void EveryRolloutEnds(FsCheck.PositiveInt count, FsCheck.PositiveInt limit)
    {
        var total = (count.Get % 20) + 1;
        var max = RollingUpdatePlan.Limit(JsonValue.Create(limit.Get % 5 + 1), total);
        var dpus = Enumerable.Range(0, total).Select(i => new RollingDpu($"dpu{i:000}", true, i % 3 != 0, false)).ToList();
        for (var round = 0; dpus.Exists(d => d.IsOutdated); round++)
        {
            Assert.True(round <= total, "stuck");
            var next = RollingUpdatePlan.Next(dpus, total, max);
            Assert.InRange(next.Count, 1, max);

            // Deleted, made anew, and working.
            dpus = [.. dpus.Select(d => next.Contains(d.Name) ? new RollingDpu(d.Name, false, true, false) : d)];
        }
    }

    private static RollingDpu Outdated(string name) => new(name, true, true, false);

    private static IReadOnlyList<string> Next(int limit, int wanted, params RollingDpu[] dpus) => RollingUpdatePlan.Next(dpus, wanted, limit);
}
