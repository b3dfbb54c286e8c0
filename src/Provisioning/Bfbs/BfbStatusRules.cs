using Dpf.Api.Provisioning;
using Dpf.Runtime.Conditions;
using k8s;

namespace Dpf.Provisioning.Bfbs;

/// <summary>What one look at a BFB found.</summary>
/// <param name="Phase">Its phase.</param>
/// <param name="Reason">Why it is not ready, as a word; of no account when it is.</param>
/// <param name="Message">The same for people.</param>
internal sealed record BfbFinding(string Phase, string Reason, string Message)
{
    /// <summary>Whether this is not how things should go.</summary>
    public bool IsTrouble { get; init; }

    /// <summary>What the file holds; null when that has not been looked at now.</summary>
    public BootStreamContent? Content { get; init; }
}

/// <summary>Derives a BFB's status from what was found: the one place where its conditions are made. Pure.</summary>
internal static class BfbStatusRules
{
    /// <summary>The status after a look.</summary>
    public static BfbStatus Apply(Bfb bfb, BfbFinding finding, DateTimeOffset now)
    {
        var status = bfb.Status is null ? new BfbStatus() : KubernetesJson.Deserialize<BfbStatus>(KubernetesJson.Serialize(bfb.Status));
        var conditions = status.Conditions ??= [];
        var generation = bfb.Metadata.Generation;
        var isDownloaded = finding.Phase == BfbPhases.Ready;
        if (finding.Phase != BfbPhases.Deleting)
        {
            conditions.Set(
                BfbConditions.Downloaded, isDownloaded, isDownloaded ? BfbConditions.Downloaded : finding.Reason, finding.Message, generation, now);
        }

        conditions.Set(
            BfbConditions.Ready, isDownloaded, isDownloaded ? BfbConditions.Ready : finding.Reason, isDownloaded ? "" : finding.Message, generation, now);
        status.Phase = finding.Phase;
        status.ObservedGeneration = generation;
        status.Sha256 = finding.Content?.Sha256 ?? (isDownloaded ? status.Sha256 : null);
        status.Versions = finding.Content is { } content ? BootVersions.Parse(content.Information) : isDownloaded ? status.Versions : null;
        return status;
    }

    /// <summary>
    /// Whether the file has been found whole before, and to be the one that is wanted now: what is written in the status is all that is
    /// remembered.
    /// </summary>
    public static bool IsChecked(Bfb bfb) => bfb.Status is { Phase: BfbPhases.Ready } status && status.Conditions.IsTrue(BfbConditions.Downloaded) &&
        (BfbFiles.ChecksumOf(bfb) is not { } wanted || wanted.Equals(status.Sha256, StringComparison.OrdinalIgnoreCase));
}
