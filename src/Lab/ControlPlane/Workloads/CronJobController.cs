using Dpf.Runtime.Clusters;
using Dpf.Runtime.Events;
using Dpf.Runtime.Informers;
using Dpf.Runtime.Reconciling;
using k8s.Models;
using Microsoft.Extensions.Logging;

namespace Dpf.Lab.ControlPlane.Workloads;

/// <summary>Makes a CronJob's next Job when its time has come, and forgets old ones.</summary>
internal sealed class CronJobController(Cache cache, ILoggerFactory loggers, TimeProvider time)
{
    private readonly EventRecorder _events = new(cache.Client, "cronjob-controller", time, loggers.CreateLogger("cronjob"));

    public Task RunAsync(CancellationToken cancellation) =>
        Controller.For<V1CronJob>(cache, "cronjob").Owns<V1Job>().Build(ReconcileAsync, loggers, time).RunAsync(cancellation);

    private async Task<Result> ReconcileAsync(NamespacedName key, CancellationToken cancellation)
    {
        if (cache.Informer<V1CronJob>().Get(key.Namespace, key.Name) is not { } cron || cron.IsDeleting())
        {
            return Result.Done;
        }

        var jobs = cache.Informer<V1Job>().All.Where(j => j.Metadata.NamespaceProperty == key.Namespace && j.IsControlledBy(cron)).ToList();
        var active = jobs.Where(j => CronRules.Outcome(j) is null).ToList();
        await ForgetAsync(cron, jobs, cancellation);
        var now = time.GetUtcNow();
        var due = cron.Spec.Suspend == true ? null : CronRules.Due(cron, now);
        var last = cron.Status?.LastScheduleTime;
        if (due is { } scheduled)
        {
            switch (CronRules.Verdict(cron, active.Count))
            {
                case CronVerdict.Forbidden:
                    // Its time stays the next to be looked at, for when the job before has ended.
                    await _events.NormalAsync(cron, "JobAlreadyActive", "Not starting job because prior execution is running and concurrency policy is Forbid", cancellation);
                    break;
                case CronVerdict.Replace:
                    await Task.WhenAll(active.Select(j => cache.Client.DeleteAsync<V1Job>(key.Namespace, j.Metadata.Name, cancellation, uid: j.Metadata.Uid)));
                    active = [];
                    goto default;
                default:
                    active.Add(await CreateAsync(cron, scheduled, cancellation));
                    last = scheduled.UtcDateTime;
                    break;
            }
        }

        await cache.Client.WriteStatusAsync(
            cron, cron.Status,
            new V1CronJobStatus
            {
                Active = [.. active.OrderBy(j => j.Metadata.Name, StringComparer.Ordinal).Select(Reference)],
                LastScheduleTime = last,
                LastSuccessfulTime = jobs.Where(j => CronRules.Outcome(j) == "Complete").Max(j => j.Status.CompletionTime) ?? cron.Status?.LastSuccessfulTime,
            },
            cancellation);
        return cron.Spec.Suspend != true && CronRules.Next(cron, now) is { } next ? Result.RequeueAfter(next - now) : Result.Done;
    }

    private async Task<V1Job> CreateAsync(V1CronJob cron, DateTimeOffset scheduled, CancellationToken cancellation)
    {
        var template = PodTemplates.Clone(cron.Spec.JobTemplate);
        var job = new V1Job
        {
            Metadata = new V1ObjectMeta
            {
                // The same time, the same name: nothing runs twice.
                Name = CronRules.JobName(cron, scheduled),
                NamespaceProperty = cron.Metadata.NamespaceProperty,
                Labels = template.Metadata?.Labels,
                Annotations = new Dictionary<string, string>(template.Metadata?.Annotations ?? new Dictionary<string, string>())
                {
                    ["batch.kubernetes.io/cronjob-scheduled-timestamp"] = scheduled.ToRfc3339(),
                },
                OwnerReferences = [PodTemplates.ControllerReference(cron)],
            },
            Spec = template.Spec,
        };
        try
        {
            job = await cache.Client.CreateAsync(job, cancellation);
            await _events.NormalAsync(cron, "SuccessfulCreate", $"Created job {job.Metadata.Name}", cancellation);
        }
        catch (KubeException e) when (e.IsConflict)
        {
            job = await cache.Client.GetAsync<V1Job>(job.Metadata.NamespaceProperty, job.Metadata.Name, cancellation) ?? job;
        }

        return job;
    }

    private async Task ForgetAsync(V1CronJob cron, List<V1Job> jobs, CancellationToken cancellation)
    {
        var old = CronRules.Old(jobs, "Complete", cron.Spec.SuccessfulJobsHistoryLimit ?? 3)
            .Concat(CronRules.Old(jobs, "Failed", cron.Spec.FailedJobsHistoryLimit ?? 1));
        foreach (var job in old.Where(j => !j.IsDeleting()))
        {
            await cache.Client.DeleteAsync<V1Job>(job.Metadata.NamespaceProperty, job.Metadata.Name, cancellation, uid: job.Metadata.Uid);
        }
    }

    private static V1ObjectReference Reference(V1Job job) => new()
    {
        ApiVersion = "batch/v1",
        Kind = "Job",
        Name = job.Metadata.Name,
        NamespaceProperty = job.Metadata.NamespaceProperty,
        Uid = job.Metadata.Uid,
        ResourceVersion = job.Metadata.ResourceVersion,
    };
}
