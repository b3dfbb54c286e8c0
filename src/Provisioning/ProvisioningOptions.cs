using System.Globalization;
using Dpf.Runtime.Hosting;
using Microsoft.Extensions.Logging;

namespace Dpf.Provisioning;

/// <summary>What the provisioning controller is told by its command line.</summary>
internal sealed record ProvisioningOptions
{
    private static readonly TimeSpan UsualCloudInit = TimeSpan.FromSeconds(90);

    /// <summary>The PersistentVolumeClaim of boot images.</summary>
    public required string BfbVolumeClaim { get; init; }

    /// <summary>Where that volume is mounted, as this process can open it.</summary>
    public required string BfbFolder { get; init; }

    /// <summary>The image of DMS pods.</summary>
    public required string DmsImage { get; init; }

    /// <summary>The image of host network pods.</summary>
    public required string HostNetworkImage { get; init; }

    /// <summary>Secrets that those images are pulled with.</summary>
    public IReadOnlyList<string> ImagePullSecrets { get; init; } = [];

    /// <summary>How long DMS may take to install a DPU; zero for ever.</summary>
    public TimeSpan DmsTimeout { get; init; } = TimeSpan.FromSeconds(900);

    /// <summary>How long a DMS pod may take to answer.</summary>
    public TimeSpan DmsPodTimeout { get; init; } = TimeSpan.FromMinutes(5);

    /// <summary>How long the first boot is left alone after DMS says that it is done.</summary>
    public TimeSpan CloudInitTimeout { get; init; } = UsualCloudInit;

    /// <summary>Reads the command line.</summary>
    /// <exception cref="InvalidOperationException">An option is missing or makes no sense; the message says which.</exception>
    public static ProvisioningOptions Of(ComponentContext context) => new()
    {
        BfbVolumeClaim = context.Required("bfb-pvc"),
        BfbFolder = context.Path("/bfb"),
        DmsImage = context.Required("dms-image"),
        HostNetworkImage = context.Required("hostnetwork-image"),
        ImagePullSecrets = (context.Option("image-pull-secrets") ?? "").Split(',', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries),
        DmsTimeout = Seconds(context.Option("dms-timeout", "900")!, context, "--dms-timeout"),
        DmsPodTimeout = GoDuration.TryParse(context.Option("dms-pod-timeout", "5m")!, out var timeout) && timeout > TimeSpan.Zero
            ? timeout
            : throw new InvalidOperationException($"{context.Name}: --dms-pod-timeout={context.Option("dms-pod-timeout")} is no duration, e.g. 5m"),
        CloudInitTimeout = CloudInit(context),
    };

    /// <summary>
    /// What the variable says, 90 seconds without it: a card that is cut off in the middle of its first boot does not finish it.
    /// One that makes no sense is no reason not to run.
    /// </summary>
    private static TimeSpan CloudInit(ComponentContext context)
    {
        if (context.Variable("CLOUD_INIT_TIMEOUT") is not { Length: > 0 } text)
        {
            return UsualCloudInit;
        }

        if (int.TryParse(text, CultureInfo.InvariantCulture, out var seconds) && seconds >= 0)
        {
            return TimeSpan.FromSeconds(seconds);
        }

        context.Loggers.CreateLogger(context.Name).LogWarning(
            "CLOUD_INIT_TIMEOUT={Text} is no number of seconds; the first boot of a DPU is left alone for {Seconds}", text, UsualCloudInit.TotalSeconds);
        return UsualCloudInit;
    }

    private static TimeSpan Seconds(string text, ComponentContext context, string name) =>
        int.TryParse(text, CultureInfo.InvariantCulture, out var seconds) && seconds >= 0
            ? TimeSpan.FromSeconds(seconds)
            : throw new InvalidOperationException($"{context.Name}: {name}={text} is no number of seconds");
}
