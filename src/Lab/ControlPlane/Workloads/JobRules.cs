using k8s.Models;

namespace Dpf.Lab.ControlPlane.Workloads;

/// <summary>
/// How many pods a job wants, and when it is done; pure. A job without completions is a work queue: its pods share the work, one that
/// succeeds found none left, so no further ones begin and the others may end theirs.
/// https://kubernetes.io/docs/concepts/workloads/controllers/job/#parallel-jobs
/// </summary>
internal static class JobRules
{
    /// <summary>Whether enough pods succeeded.</summary>
    public static bool IsComplete(V1JobSpec spec, int succeeded, int active) =>
        spec.Completions is { } completions ? succeeded >= completions : succeeded > 0 && active == 0;

    /// <summary>How many pods to begin; none or less: none.</summary>
    public static int Missing(V1JobSpec spec, int succeeded, int active)
    {
        var parallelism = spec.Parallelism ?? 1;
        return spec.Completions is { } completions ? Math.Min(parallelism, completions - succeeded) - active
            : succeeded > 0 ? 0
            : parallelism - active;
    }
}
