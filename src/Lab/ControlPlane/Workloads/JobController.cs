using Dpf.Runtime.Clusters;
using Dpf.Runtime.Conditions;
using Dpf.Runtime.Informers;
using Dpf.Runtime.Reconciling;
using k8s.Models;
using Microsoft.Extensions.Logging;

namespace Dpf.Lab.ControlPlane.Workloads;

/// <summary>Runs a Job's pods until enough of them succeeded, or too many failed.</summary>
internal sealed class JobController(Cache cache, ILoggerFactory loggers, TimeProvider time)
{
    public Task RunAsync(CancellationToken cancellation) =>
        Controller.For<V1Job>(cache, "job").Owns<V1Pod>().Build(ReconcileAsync, loggers, time).RunAsync(cancellation);

    private async Task<Result> ReconcileAsync(NamespacedName key, CancellationToken cancellation)
    {
        if (cache.Informer<V1Job>().Get(key.Namespace, key.Name) is not { } job || job.IsDeleting())
        {
            return Result.Done;
        }

        if (job.Status?.Conditions?.Any(c => c.Type is "Complete" or "Failed" && c.Status == "True") == true)
        {
            return await ExpireAsync(job, cancellation);
        }

        var pods = await cache.CurrentPodsOfAsync(job, cancellation);
        var active = pods.Where(p => p.IsActive()).ToList();
        var succeeded = pods.Count(p => p.Status?.Phase == "Succeeded");
        var failed = pods.Count(p => p.Status?.Phase == "Failed");
        var now = time.GetUtcNow().UtcDateTime;
        var status = new V1JobStatus
        {
            StartTime = job.Status?.StartTime ?? now,
            Succeeded = succeeded,
            Failed = failed,
            Ready = active.Count(p => p.IsReady()),
            Conditions = job.Status?.Conditions,
        };
        if (JobRules.IsComplete(job.Spec, succeeded, active.Count))
        {
            status.CompletionTime = now;
            status.Conditions = [Condition("Complete", "CompletionsReached", "Reached expected number of succeeded pods", now)];
        }
        else if (failed > (job.Spec.BackoffLimit ?? 6))
        {
            status.Conditions = [Condition("Failed", "BackoffLimitExceeded", "Job has reached the specified backoff limit", now)];
        }
        else if (job.Spec.Suspend != true)
        {
            var missing = JobRules.Missing(job.Spec, succeeded, active.Count);
            for (var i = 0; i < missing; i++)
            {
                var pod = PodTemplates.NewPod(job, job.Spec.Template);
                pod.Metadata.Labels["job-name"] = pod.Metadata.Labels["batch.kubernetes.io/job-name"] = job.Metadata.Name;
                pod.Metadata.Labels["controller-uid"] = pod.Metadata.Labels["batch.kubernetes.io/controller-uid"] = job.Metadata.Uid;
                await cache.Client.CreatePodAsync(pod, cancellation);
            }

            status.Active = active.Count + Math.Max(0, missing);
        }

        if (status.Active is null)
        {
            status.Active = 0;
            foreach (var pod in active)
            {
                await cache.Client.DeletePodAsync(pod, cancellation);
            }
        }

        await cache.Client.WriteStatusAsync(job, job.Status, status, cancellation);
        return Result.Done;
    }

    private static V1JobCondition Condition(string type, string reason, string message, DateTime now) => new()
    {
        Type = type,
        Status = "True",
        Reason = reason,
        Message = message,
        LastProbeTime = now,
        LastTransitionTime = now,
    };

    private async Task<Result> ExpireAsync(V1Job job, CancellationToken cancellation)
    {
        if (job.Spec.TtlSecondsAfterFinished is not { } seconds)
        {
            return Result.Done;
        }

        var end = job.Status.Conditions.Max(c => c.LastTransitionTime)!.Value.ToUniversalTime().AddSeconds(seconds);
        var left = end - time.GetUtcNow().UtcDateTime;
        if (left > TimeSpan.Zero)
        {
            return Result.RequeueAfter(left);
        }

        await cache.Client.DeleteAsync<V1Job>(job.Metadata.NamespaceProperty, job.Metadata.Name, cancellation, uid: job.Metadata.Uid);
        return Result.Done;
    }
}
