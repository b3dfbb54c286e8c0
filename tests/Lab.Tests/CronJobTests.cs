using Dpf.Lab.ControlPlane.Workloads;
using Dpf.Runtime.Informers;
using Dpf.Testing;
using k8s.Models;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Time.Testing;

namespace Dpf.Lab.Tests;

/// <summary>Jobs that a clock makes.</summary>
public sealed class CronJobTests
{
    private static readonly DateTimeOffset Noon = new(2026, 5, 4, 12, 0, 0, TimeSpan.Zero);

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData("*/5 * * * *", -3, null)]
    [InlineData("*/5 * * * *", -5, "12:00")]
    [InlineData("*/5 * * * *", -21, "12:00")]
    [InlineData("@hourly", -59, "12:00")]
    [InlineData("30 11 * * *", -40, "11:30")]
    public void Of_times_that_have_come_only_the_last_counts(string schedule, int minutes, string? expected) => Assert.Equal(
        expected, CronRules.Due(Cron(schedule, last: Noon.AddMinutes(minutes)), Noon.AddMinutes(minutes == -3 ? -1 : 0))?.ToString("HH:mm", null));

    [Fact]
    public void A_schedule_is_of_its_time_zone()
    {
        var cron = Cron("0 14 * * *", last: Noon.AddDays(-1));
        cron.Spec.TimeZone = "Europe/Berlin";
        Assert.Equal(Noon, CronRules.Next(cron, Noon.AddHours(-1)));
    }

    [Theory]
    [InlineData("Allow", 1, nameof(CronVerdict.Run))]
    [InlineData("Forbid", 1, nameof(CronVerdict.Forbidden))]
    [InlineData("Forbid", 0, nameof(CronVerdict.Run))]
    [InlineData("Replace", 1, nameof(CronVerdict.Replace))]
    public void What_becomes_of_a_time(string policy, int active, string expected)
    {
        var cron = Cron("* * * * *", last: Noon);
        cron.Spec.ConcurrencyPolicy = policy;
        Assert.Equal(expected, CronRules.Verdict(cron, active).ToString());
    }

    [Theory]
    [InlineData(30, false)]
    [InlineData(90, true)]
    public void What_is_past_its_deadline_is_not_made_up_for(int deadline, bool expected)
    {
        var cron = Cron("0 12 * * *", last: Noon.AddDays(-1));
        cron.Spec.StartingDeadlineSeconds = deadline;
        Assert.Equal(expected, CronRules.Due(cron, Noon.AddMinutes(1)) == Noon);
    }

    [Fact]
    public void The_latest_jobs_are_kept()
    {
        var jobs = Enumerable.Range(0, 5).Select(i => new V1Job
        {
            Metadata = new V1ObjectMeta { Name = "j" + i, CreationTimestamp = Noon.AddMinutes(i).UtcDateTime },
            Status = new V1JobStatus { Conditions = [new V1JobCondition { Type = i == 4 ? "Failed" : "Complete", Status = "True" }] },
        }).ToList();
        Assert.Equal(["j1", "j0"], CronRules.Old(jobs, "Complete", 2).Select(j => j.Metadata.Name));
        Assert.Empty(CronRules.Old(jobs, "Failed", 1));
    }

    [Fact]
    public async Task A_job_is_made_when_its_time_comes()
    {
        var time = new FakeTimeProvider(TimeProvider.System.GetUtcNow());
        await using var cluster = await TestCluster.StartAsync();
        await using var cache = new Cache(cluster.Client, TimeProvider.System, NullLoggerFactory.Instance);
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(Cancellation);
        await cluster.ApplyAsync("""
            apiVersion: batch/v1
            kind: CronJob
            metadata: {name: tidy, namespace: default}
            spec:
              schedule: "* * * * *"
              jobTemplate: {spec: {template: {spec: {restartPolicy: Never, containers: [{name: c, image: i}]}}}}
            """);
        var running = new CronJobController(cache, NullLoggerFactory.Instance, time).RunAsync(stop.Token);
        Assert.Empty(await JobsAsync());

        // The controller sets its timer when it has seen the CronJob.
        await Eventually.SeeAsync(
            async () =>
            {
                time.Advance(TimeSpan.FromSeconds(61));
                return await JobsAsync();
            },
            jobs => jobs.Count > 0);
        var job = (await JobsAsync())[0];
        Assert.StartsWith("tidy-", job.Metadata.Name, StringComparison.Ordinal);
        Assert.Equal("CronJob", job.Metadata.OwnerReferences[0].Kind);
        var cron = await Eventually.SeeAsync(
            () => cluster.Client.GetAsync<V1CronJob>("default", "tidy", Cancellation), c => c?.Status is { LastScheduleTime: not null, Active.Count: > 0 });
        Assert.Equal(job.Metadata.Name, cron!.Status.Active[0].Name);
        await stop.CancelAsync();
        await running.ContinueWith(_ => { }, CancellationToken.None, TaskContinuationOptions.None, TaskScheduler.Default);

        Task<IReadOnlyList<V1Job>> JobsAsync() => cluster.Client.ListAsync<V1Job>("default", Cancellation);
    }

    private static V1CronJob Cron(string schedule, DateTimeOffset last) => new()
    {
        Metadata = new V1ObjectMeta { Name = "c" },
        Spec = new V1CronJobSpec { Schedule = schedule },
        Status = new V1CronJobStatus { LastScheduleTime = last.UtcDateTime },
    };
}
