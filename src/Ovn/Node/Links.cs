using System.Globalization;
using System.Text.Json.Nodes;
using Dpf.Ovn.Addressing;
using Dpf.Runtime.Machines;

namespace Dpf.Ovn.Node;

/// <summary>A network interface as <c>ip</c> shows it.</summary>
/// <param name="Name">Its name.</param>
/// <param name="Mac">Its MAC address.</param>
/// <param name="Addresses">Its IPv4 addresses.</param>
/// <param name="Mtu">Its MTU.</param>
/// <param name="IsUp">Whether it is set up.</param>
public sealed record Link(string Name, string Mac, IReadOnlyList<Cidr> Addresses, int Mtu = 1500, bool IsUp = true);

/// <summary>A machine's network interfaces and routes.</summary>
public sealed class Links(IMachine machine, TimeProvider time)
{
    private readonly KernelReader _kernel = new(machine, time);

    /// <summary>Tells of changes, until cancelled, and makes it cheap to look when there is none.</summary>
    public Task FollowAsync(Action changed, CancellationToken cancellation) => _kernel.FollowAsync(changed, cancellation);

    /// <summary>All interfaces.</summary>
    public async Task<IReadOnlyList<Link>> AllAsync(CancellationToken cancellation)
    {
        // Without -4, which would leave out the interfaces that have no address.
        var links = JsonNode.Parse(await _kernel.ReadAsync(cancellation, "ip", "-j", "addr", "show"))!.AsArray();
        return
        [
            .. links.Where(l => l?["ifname"] is not null).Select(l => new Link(
                (string)l!["ifname"]!, (string?)l["address"] ?? "", Addresses(l), (int?)l["mtu"] ?? 0,
                (l["flags"] as JsonArray ?? []).Any(f => (string?)f == "UP"))),
        ];
    }

    /// <summary>The interfaces, the main routing table and the permanent neighbours.</summary>
    public async Task<KernelState> StateAsync(CancellationToken cancellation)
    {
        var links = AllAsync(cancellation);
        var routes = _kernel.ReadAsync(cancellation, "ip", "-j", "-4", "route", "show", "table", "main");
        var neighbours = _kernel.ReadAsync(cancellation, "ip", "-j", "-4", "neigh", "show", "nud", "permanent");
        return new KernelState(
            await links, KernelState.ReadRoutes(await routes), KernelState.ReadNeighbours(await neighbours));
    }

    /// <summary>The names of the interfaces; read, without a process, from the network of the machine's first process.</summary>
    public IReadOnlySet<string> Names() =>
        File.ReadLines(machine.Path("/proc/1/net/dev"))
            .Where(l => l.Contains(':', StringComparison.Ordinal)).Select(l => l[..l.IndexOf(':', StringComparison.Ordinal)].Trim())
            .ToHashSet(StringComparer.Ordinal);

    /// <summary>One interface; null when it is not there.</summary>
    public async Task<Link?> FindAsync(string name, CancellationToken cancellation) =>
        (await AllAsync(cancellation)).FirstOrDefault(l => l.Name == name);

    /// <summary>The next hop of the default route (of the least metric, over <paramref name="device"/> if given).</summary>
    public async Task<Ipv4?> DefaultGatewayAsync(string? device, CancellationToken cancellation)
    {
        var routes = JsonNode.Parse(await _kernel.ReadAsync(cancellation, "ip", "-j", "-4", "route", "show", "default"))!.AsArray();
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
        _kernel.Forget();
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
