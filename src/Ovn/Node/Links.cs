using System.Globalization;
using System.Text.Json.Nodes;
using Dpf.Ovn.Addressing;
using Dpf.Runtime.Machines;

namespace Dpf.Ovn.Node;

/// <summary>A network interface as <c>ip</c> shows it.</summary>
/// <param name="Name">Its name.</param>
/// <param name="Mac">Its MAC address.</param>
/// <param name="Addresses">Its IPv4 addresses.</param>
public sealed record Link(string Name, string Mac, IReadOnlyList<Cidr> Addresses);

/// <summary>A machine's network interfaces and routes.</summary>
public sealed class Links(IMachine machine)
{
    /// <summary>All interfaces.</summary>
    public async Task<IReadOnlyList<Link>> AllAsync(CancellationToken cancellation)
    {
        var json = await machine.ExecuteAsync(cancellation, "ip", "-j", "-4", "addr", "show");
        var addresses = JsonNode.Parse(json)!.AsArray()
            .Where(l => l?["ifname"] is not null)
            .GroupBy(l => (string)l!["ifname"]!, StringComparer.Ordinal)
            .ToDictionary(l => l.Key, l => Addresses(l.First()!), StringComparer.Ordinal);

        // With -4 an interface without an address is left out.
        var links = JsonNode.Parse(await machine.ExecuteAsync(cancellation, "ip", "-j", "link", "show"))!.AsArray();
        return
        [
            .. links.Where(l => l?["ifname"] is not null).Select(l => new Link(
                (string)l!["ifname"]!, (string?)l["address"] ?? "", addresses.GetValueOrDefault((string)l["ifname"]!, []))),
        ];
    }

    /// <summary>One interface; null when it is not there.</summary>
    public async Task<Link?> FindAsync(string name, CancellationToken cancellation) =>
        (await AllAsync(cancellation)).FirstOrDefault(l => l.Name == name);

    /// <summary>The next hop of the default route (of the least metric, over <paramref name="device"/> if given).</summary>
    public async Task<Ipv4?> DefaultGatewayAsync(string? device, CancellationToken cancellation)
    {
        var routes = JsonNode.Parse(await machine.ExecuteAsync(cancellation, "ip", "-j", "-4", "route", "show", "default"))!.AsArray();
        return routes
            .Where(r => device is null || (string?)r?["dev"] == device)
            .OrderBy(r => (int?)r?["metric"] ?? 0)
            .Select(r => Ipv4.TryParse((string?)r?["gateway"], out var hop) ? hop : (Ipv4?)null)
            .FirstOrDefault(hop => hop is not null);
    }

    /// <summary>Runs <c>ip</c> with these lines as one batch, in the machine's or in another network namespace.</summary>
    public async Task BatchAsync(IEnumerable<string> lines, CancellationToken cancellation, string? networkNamespace = null)
    {
        var command = new MachineCommand("ip", "-batch", "-")
        {
            Input = string.Join('\n', lines) + "\n",
            NetworkNamespace = networkNamespace,
        };
        var result = await machine.RunAsync(command, cancellation);
        if (!result.Succeeded)
        {
            throw new MachineCommandException(machine.HostName, command, result);
        }
    }

    /// <summary>
    /// Turns transmit checksum offload off where the device is a veth: its peer gets packets without a checksum, which no wire and
    /// no userspace datapath behind it would add.
    /// </summary>
    public async Task CompleteChecksumsAsync(string device, CancellationToken cancellation, string? networkNamespace = null)
    {
        var driver = await machine.RunAsync(
            new MachineCommand("ethtool", "-i", device) { NetworkNamespace = networkNamespace }, cancellation);
        if (driver.Succeeded && driver.Output.Contains("driver: veth", StringComparison.Ordinal))
        {
            await machine.RunAsync(
                new MachineCommand("ethtool", "-K", device, "tx", "off") { NetworkNamespace = networkNamespace }, cancellation);
        }
    }

    private static List<Cidr> Addresses(JsonNode link) =>
    [
        .. (link["addr_info"] as JsonArray ?? [])
            .Where(a => (string?)a?["family"] == "inet")
            .Select(a => Cidr.TryParse(
                string.Create(CultureInfo.InvariantCulture, $"{(string?)a!["local"]}/{(int?)a["prefixlen"]}"), out var c) ? c : (Cidr?)null)
            .OfType<Cidr>(),
    ];
}
