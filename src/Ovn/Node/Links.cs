using System.Globalization;
using System.Text.Json.Nodes;
using Dpf.Ovn.Addressing;
using Dpf.Runtime.Machines;

namespace Dpf.Ovn.Node;

/// <summary>A network interface as <c>ip</c> shows it.</summary>
/// <param name="Name">Its name.</param>
/// <param name="Mac">Its MAC address.</param>
/// <param name="Addresses">Its addresses; of IPv6 those that are for more than the link and stay.</param>
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
    public async Task<KernelState> StateAsync(IEnumerable<IpFamily> families, CancellationToken cancellation)
    {
        var links = AllAsync(cancellation);
        var tables = families.Select(async f => (
            Routes: KernelState.ReadRoutes(await _kernel.ReadAsync(cancellation, "ip", "-j", Option(f), "route", "show", "table", "main"), f),
            Neighbours: KernelState.ReadNeighbours(await _kernel.ReadAsync(cancellation, "ip", "-j", Option(f), "neigh", "show", "nud", "permanent"))));
        var read = await Task.WhenAll(tables);
        return new KernelState(await links, [.. read.SelectMany(r => r.Routes)], [.. read.SelectMany(r => r.Neighbours)]);
    }

    /// <summary>The names of the interfaces; read, without a process, from the network of the machine's first process.</summary>
    public IReadOnlySet<string> Names() =>
        File.ReadLines(machine.Path("/proc/1/net/dev"))
            .Where(l => l.Contains(':', StringComparison.Ordinal)).Select(l => l[..l.IndexOf(':', StringComparison.Ordinal)].Trim())
            .ToHashSet(StringComparer.Ordinal);

    /// <summary>One interface; null when it is not there.</summary>
    public async Task<Link?> FindAsync(string name, CancellationToken cancellation) =>
        (await AllAsync(cancellation)).FirstOrDefault(l => l.Name == name);

    /// <summary>The next hop of a family's default route (of the least metric, over <paramref name="device"/> if given).</summary>
    public async Task<IpAddress?> DefaultGatewayAsync(IpFamily family, string? device, CancellationToken cancellation)
    {
        var routes = JsonNode.Parse(await _kernel.ReadAsync(cancellation, "ip", "-j", Option(family), "route", "show", "default"))!.AsArray();
        return routes
            .Where(r => device is null || (string?)r?["dev"] == device)
            .OrderBy(r => (int?)r?["metric"] ?? 0)
            .Select(r => IpAddress.ParseOrNull((string?)r?["gateway"]))
            .FirstOrDefault(hop => hop is not null);
    }

    /// <summary>
    /// The line of an <c>ip</c> batch that gives a device an address. Nobody else has an address that was allotted: to look for others
    /// first, as IPv6 does, would only mean that it cannot be used for a while.
    /// </summary>
    public static string AddressLine(Cidr address, string device) =>
        $"addr replace {address} dev {device}{(address.Family == IpFamily.V6 ? " nodad" : "")}";

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

    private static string Option(IpFamily family) => family == IpFamily.V4 ? "-4" : "-6";

    private static List<Cidr> Addresses(JsonNode link) =>
    [
        .. Cidr.ParseAll((link["addr_info"] as JsonArray ?? [])
            .Where(a => (string?)a?["family"] == "inet" || a is { } six && Stays(six))
            .Select(a => string.Create(CultureInfo.InvariantCulture, $"{(string?)a!["local"]}/{(int?)a["prefixlen"]}"))),
    ];

    private static bool Stays(JsonNode six) =>
        (string?)six["family"] == "inet6" && (string?)six["scope"] == "global" && six["temporary"] is null && six["deprecated"] is null;
}
