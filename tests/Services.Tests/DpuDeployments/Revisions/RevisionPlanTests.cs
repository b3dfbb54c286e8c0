using Dpf.Services.DpuDeployments;

namespace Dpf.Services.Tests.DpuDeployments.Revisions;

/// <summary>How revisions of a service take over DPUs.</summary>
public sealed class RevisionPlanTests
{
    private const string First = DeploymentNames.AnyRevision;

    [Fact]
    public void A_new_revision_proves_itself_on_one_DPU_and_then_takes_over_a_tenth_at_a_time()
    {
        var dpus = Running(30, "a");
        List<int> working = [];
        dpus.Settle("b", () => working.Add(dpus.Working));
        Assert.Equal(30, dpus.On("b"));
        Assert.Equal("b", Assert.Single(dpus.Slots).Revision);
        Assert.All(working, w => Assert.InRange(w, 27, 30));
        Assert.Equal(29, working.First(w => w < 30));
        Assert.Contains(27, working);
    }

    [Fact]
    public void Ten_DPUs_change_one_at_a_time_with_old_and_new_side_by_side()
    {
        var dpus = Running(10, "a");
        List<(int Old, int New)> seen = [];
        dpus.Settle("b", () =>
        {
            Assert.InRange(dpus.Working, 9, 10);
            seen.Add((dpus.On(First), dpus.On("b")));
            Assert.Equal(dpus.On(First) > 0 || dpus.On("b") < 10 || dpus.Working < 10 ? 2 : 1, dpus.Slots.Count);
        });
        Assert.Contains((5, 5), seen);
    }

    [Fact]
    public void A_revision_that_never_works_takes_one_DPU_for_a_while_and_is_given_up()
    {
        var dpus = Running(10, "a");
        dpus.Broken.Add("bad");
        var least = 10;
        dpus.Settle("bad", () => least = Math.Min(least, dpus.Working));
        Assert.Equal((9, 10, 0), (least, dpus.On(First), dpus.On("bad")));
        Assert.Equal(10, dpus.Working);
        Assert.Equal(
            "revision bad of service hbn did not become ready on node dpu00 of DPUCluster clusters/c1 within 600 s (pod system/pod-dpu00 is CrashLoopBackOff); " +
            "the DPU goes back to revision a. Correct the DPUServiceTemplate or the DPUServiceConfiguration, or undo the change; " +
            "to try the same again delete DPUService ovn-hbn-bad", dpus.Last.Failure);

        // It is not tried again by itself, and a correction is.
        dpus.Wait(TimeSpan.FromHours(5));
        Assert.Empty(dpus.Step("bad").Moves);
        dpus.Settle("good", () => Assert.InRange(dpus.Working, 9, 10));
        Assert.Equal(10, dpus.On("good"));
        Assert.Single(dpus.Slots);
    }

    [Fact]
    public void A_chart_that_cannot_be_deployed_touches_no_DPU()
    {
        var dpus = Running(10, "a");
        dpus.Undeployable.Add("bad");
        for (var i = 0; i < 100; i++)
        {
            dpus.Step("bad");
            dpus.Wait(TimeSpan.FromMinutes(1));
            Assert.Equal(10, dpus.Working);
        }

        Assert.Contains("waits for its DPUService to be ready before the first DPU gets it", dpus.Last.Progress, StringComparison.Ordinal);
    }

    [Fact]
    public void Undoing_a_change_returns_all_DPUs_to_the_old_revision_at_once()
    {
        var dpus = Running(10, "a");
        while (dpus.On("b") < 4)
        {
            dpus.Step("b");
            dpus.Wait(TimeSpan.FromSeconds(30));
        }

        dpus.Step("a");
        Assert.Equal(10, dpus.On(First));
        dpus.Settle("a");
        Assert.Equal(("a", First), (dpus.Slots.Single().Revision, dpus.Slots.Single().Value));
    }

    [Fact]
    public void Undoing_a_bad_change_after_the_old_revision_is_gone_makes_it_anew_DPU_by_DPU()
    {
        var dpus = Running(10, "a");
        dpus.Settle("b");
        dpus.Settle("a", () => Assert.InRange(dpus.Working, 9, 10));
        Assert.Equal(10, dpus.On("a"));
    }

    [Fact]
    public void A_change_during_a_change_leaves_out_what_lies_between()
    {
        var dpus = Running(10, "a");
        while (dpus.On("b") < 3)
        {
            dpus.Step("b");
            dpus.Wait(TimeSpan.FromSeconds(30));
        }

        dpus.Settle("c", () =>
        {
            Assert.InRange(dpus.Working, 9, 10);
            Assert.InRange(dpus.Slots.Count, 1, 3);
        });
        Assert.Equal(10, dpus.On("c"));
        Assert.Single(dpus.Slots);
    }

    [Fact]
    public void A_DPU_that_is_off_holds_up_nobody_and_learns_of_the_revision_last()
    {
        var dpus = Running(5, "a");
        dpus.Off.Add("dpu01");
        dpus.Settle("b");
        Assert.Equal("b", dpus.SlotOf("dpu01"));
        Assert.Null(dpus.Last.Failure);
        Assert.Single(dpus.Slots);
    }

    [Fact]
    public void A_DPU_that_joins_starts_with_what_works()
    {
        var dpus = Running(3, "a");
        dpus.Broken.Add("bad");
        dpus.Settle("bad");
        dpus.Add("new");
        dpus.Step("bad");
        Assert.Equal(First, dpus.SlotOf("new"));
        dpus.Settle("good");
        dpus.Add("later");
        dpus.Step("good");
        Assert.Equal("good", dpus.SlotOf("later"));
    }

    [Fact]
    public void No_DPU_moves_while_others_insist_on_its_label()
    {
        var dpus = Running(2, "a");
        dpus.LabelledBy("dpf-provisioning-dpu");
        for (var i = 0; i < 10; i++)
        {
            dpus.Step("b");
            dpus.Wait(TimeSpan.FromSeconds(30));
        }

        Assert.Equal(2, dpus.On(First));
        dpus.LabelledBy("dpudeploymentcontroller");
        dpus.Settle("b");
        Assert.Equal(2, dpus.On("b"));
    }

    [Fact]
    public void While_a_cluster_cannot_be_seen_no_revision_is_taken_away()
    {
        var dpus = Running(2, "a");
        dpus.Blindness = "DPUCluster clusters/c2 does not answer: gone";
        for (var i = 0; i < 20; i++)
        {
            dpus.Step("b");
            dpus.Wait(TimeSpan.FromSeconds(30));
        }

        Assert.Equal(2, dpus.Slots.Count);
        Assert.Contains("runs on 2 of 2 DPUs; DPUCluster clusters/c2 does not answer", dpus.Last.Progress, StringComparison.Ordinal);
        dpus.Blindness = null;
        dpus.Settle("b");
        Assert.Single(dpus.Slots);
    }

    [Fact]
    public void Without_DPUs_a_revision_takes_over_once_it_could()
    {
        var dpus = Running(0, "a");
        dpus.Step("b");
        Assert.Equal(2, dpus.Slots.Count);
        dpus.Settle("b");
        Assert.Equal("b", Assert.Single(dpus.Slots).Value);
    }

    [Fact]
    public void What_disrupts_nobody_is_changed_in_place()
    {
        var dpus = Running(3, "a");
        dpus.IsSideBySide = false;
        var plan = dpus.Step("b");
        Assert.Equal((First, 0, 0), (plan.Target, plan.Kept.Count, plan.Moves.Count));

        // Also where an earlier one has left another name.
        dpus.IsSideBySide = true;
        dpus.Settle("c");
        dpus.IsSideBySide = false;
        dpus.Settle("d");
        Assert.Equal(("c", "d"), (dpus.Slots.Single().Value, dpus.Slots.Single().Revision));
        Assert.Equal(3, dpus.On("c"));
    }

    private static SimulatedDpus Running(int count, string revision)
    {
        var dpus = new SimulatedDpus(count);
        dpus.Settle(revision);
        Assert.Equal(count, dpus.On(First));
        return dpus;
    }
}
