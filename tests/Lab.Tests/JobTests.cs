using Dpf.Lab.ControlPlane.Workloads;
using k8s.Models;

namespace Dpf.Lab.Tests;

/// <summary>How many pods a job wants, and when it is done.</summary>
public sealed class JobTests
{
    [Theory]
    [InlineData(3, 2, 0, 0, 2, false)]
    [InlineData(3, 2, 2, 0, 1, false)]
    [InlineData(3, 2, 2, 1, 0, false)]
    [InlineData(3, 2, 3, 0, 0, true)]
    public void A_job_with_completions_runs_until_there_are_as_many(int completions, int parallelism, int succeeded, int active, int missing, bool complete) =>
        Check(new V1JobSpec { Completions = completions, Parallelism = parallelism }, succeeded, active, missing, complete);

    [Theory]
    [InlineData(0, 0, 3, false)]
    [InlineData(0, 2, 1, false)]
    [InlineData(1, 2, 0, false)]
    [InlineData(1, 0, 0, true)]
    [InlineData(3, 0, 0, true)]
    public void A_job_without_begins_no_more_once_one_succeeded_and_is_done_when_none_is_left(int succeeded, int active, int missing, bool complete) =>
        Check(new V1JobSpec { Parallelism = 3 }, succeeded, active, missing, complete);

    private static void Check(V1JobSpec spec, int succeeded, int active, int missing, bool complete)
    {
        Assert.Equal(missing, JobRules.Missing(spec, succeeded, active));
        Assert.Equal(complete, JobRules.IsComplete(spec, succeeded, active));
    }
}
