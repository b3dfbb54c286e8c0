using Dpf.Runtime.Conditions;

namespace Dpf.Provisioning.Dpus.Effects;

/// <summary>What a drain waits for, in words: pure.</summary>
internal static class DrainReport
{
    private const int Most = 5;

    /// <summary>What is waited for, and where to look; null when the node is out of service.</summary>
    public static string? Of(string node, NodeMaintenanceStatus? status)
    {
        var ready = status?.Conditions.Find("Ready");
        if (ready?.Status == "True")
        {
            return null;
        }

        var text = $"node {node}: {ready?.Reason ?? "waiting for the maintenance operator"}";
        if (!string.IsNullOrEmpty(ready?.Message))
        {
            text += ": " + ready.Message;
        }

        return status switch
        {
            { Drain.WaitForEviction: { Count: > 0 } pods } =>
                $"{text}; still there: {Names(pods)}; what stays is kept by a PodDisruptionBudget or a finalizer: kubectl get pdb -A",
            { WaitForCompletion: { Count: > 0 } pods } => $"{text}; waiting for the end of {Names(pods)}",
            _ => text,
        };
    }

    private static string Names(IList<string> pods) =>
        string.Join(", ", pods.Take(Most)) + (pods.Count > Most ? $" and {pods.Count - Most} more" : "");
}
