using Dpf.Runtime.Hosting;

namespace Dpf.Provisioning.DpuClusters.VirtualAddresses;

/// <summary>The image that keepalived runs from: one with both <c>dpf</c> and <c>keepalived</c>.</summary>
/// <param name="Image">The image.</param>
/// <param name="PullSecrets">Names of Secrets to pull it with, in the cluster's namespace.</param>
internal sealed record KeepalivedImage(string Image, IReadOnlyList<string> PullSecrets)
{
    /// <summary>Reads the options of a manager.</summary>
    /// <exception cref="InvalidOperationException">The image is missing.</exception>
    public static KeepalivedImage Of(ComponentContext context) => new(
        context.Required("keepalived-image"),
        (context.Option("image-pull-secrets") ?? "").Split(',', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries));
}
