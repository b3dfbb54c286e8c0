using System.Text.RegularExpressions;

namespace Dpf.Provisioning.HostDms;

/// <summary>The rshim devices of a host: how a host reaches into its BlueFields before they run anything.</summary>
internal static partial class RshimDevices
{
    /// <summary>The device of a card, e.g. <c>rshim0</c>; null when none is driven.</summary>
    /// <param name="folder">The host's <c>/dev</c>.</param>
    /// <param name="pci">The card's address without the function, e.g. <c>0000:03:00</c>.</param>
    /// <param name="cancellation">Gives up.</param>
    public static async Task<string?> OfAsync(string folder, string pci, CancellationToken cancellation)
    {
        foreach (var device in Directory.GetDirectories(folder, "rshim*").Order(StringComparer.Ordinal))
        {
            if (AddressIn(await MiscAsync(Path.Combine(device, "misc"), cancellation)) == pci)
            {
                return Path.GetFileName(device);
            }
        }

        return null;
    }

    /// <summary>The address that an rshim's <c>misc</c> names: <c>DEV_NAME pcie-0000:03:00.2</c>; the domain may be left out.</summary>
    internal static string? AddressIn(string misc) => Address().Match(misc) is { Success: true } match
        ? match.Groups["domain"] is { Success: true } domain
            ? $"{domain.Value}:{match.Groups["device"].Value}"
            : "0000:" + match.Groups["device"].Value
        : null;

    private static async Task<string> MiscAsync(string path, CancellationToken cancellation)
    {
        try
        {
            // The shortest form names the device; a longer one that somebody asked for shows the card's log.
            await using (var misc = new FileStream(path, FileMode.Open, FileAccess.Write))
            {
                await misc.WriteAsync("DISPLAY_LEVEL 1\n"u8.ToArray(), cancellation);
            }

            return await File.ReadAllTextAsync(path, cancellation);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            // A device without a driver behind it, left by one that was killed.
            return "";
        }
    }

    [GeneratedRegex(
        @"pcie-(?:(?<domain>[0-9a-f]{4}):)?(?<device>[0-9a-f]{2}:[0-9a-f]{2})\.", RegexOptions.ExplicitCapture | RegexOptions.IgnoreCase, 1000)]
    private static partial Regex Address();
}
