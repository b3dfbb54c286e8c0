using System.Globalization;
using System.Text.Json.Nodes;
using Dpf.Runtime.Machines;

namespace Dpf.Provisioning.HostNetwork;

/// <summary>A network device as <c>ip -json -details addr</c> shows it.</summary>
/// <param name="Name">Its name.</param>
/// <param name="Kind">What it is, e.g. <c>bridge</c>; empty for a plain device.</param>
/// <param name="Master">The bridge that it is in, or null.</param>
/// <param name="Mtu">Its MTU.</param>
/// <param name="IsUp">Whether it is set up.</param>
/// <param name="HasIpv4">Whether it has an IPv4 address.</param>
internal sealed record HostLink(string Name, string Kind, string? Master, int Mtu, bool IsUp, bool HasIpv4);

/// <summary>The network devices and default routes of a machine.</summary>
internal static class HostLinks
{
    /// <summary>The bridge that connects a host with its DPUs; the site makes it.</summary>
    public const string Bridge = "br-dpu";

    /// <summary>A device, or null when there is none of this name.</summary>
    public static async Task<HostLink?> LinkAsync(this IMachine machine, string name, CancellationToken cancellation)
    {
        var result = await machine.RunAsync(new MachineCommand("ip", "-json", "-details", "addr", "show", "dev", name), cancellation);
        return result.Succeeded ? ParseLink(result.Output) : null;
    }

    /// <summary>The metrics of the IPv4 default routes by way of a device.</summary>
    /// <exception cref="MachineCommandException">The routes could not be read.</exception>
    public static async Task<IReadOnlyList<long>> DefaultMetricsAsync(this IMachine machine, string device, CancellationToken cancellation) =>
        ParseMetrics(await machine.ExecuteAsync(cancellation, "ip", "-json", "-4", "route", "show", "default", "dev", device));

    /// <summary>Reads the output of <c>ip -json -details addr show dev NAME</c>.</summary>
    internal static HostLink? ParseLink(string json) => Items(json).FirstOrDefault(i => i["ifname"] is not null) is { } item
        ? new HostLink(
            (string)item["ifname"]!,
            (string?)item["linkinfo"]?["info_kind"] ?? "",
            (string?)item["master"],
            (int?)item["mtu"] ?? 0,
            item["flags"]?.AsArray().Any(f => (string?)f == "UP") == true,
            item["addr_info"]?.AsArray().Any(a => (string?)a?["family"] == "inet") == true)
        : null;

    /// <summary>Reads the output of <c>ip -json route</c>; a route without a metric has metric 0.</summary>
    internal static IReadOnlyList<long> ParseMetrics(string json) => [.. Items(json).Select(route => (long?)route["metric"] ?? 0)];

    /// <summary>Puts a device into a bridge, with an MTU, up.</summary>
    /// <exception cref="MachineCommandException">The kernel refuses.</exception>
    public static Task AttachAsync(this IMachine machine, string device, string bridge, int mtu, CancellationToken cancellation) =>
        machine.ExecuteAsync(
            cancellation, "ip", "link", "set", "dev", device, "mtu", mtu.ToString(CultureInfo.InvariantCulture), "master", bridge, "up");

    private static IEnumerable<JsonObject> Items(string json) =>
        string.IsNullOrWhiteSpace(json) ? [] : JsonNode.Parse(json)!.AsArray().OfType<JsonObject>();
}
