using Dpf.Ovsdb.Models.OpenVSwitch;
using Dpf.Ovsdb.Replica;
using Dpf.Ovsdb.Rows;
using Root = Dpf.Ovsdb.Models.OpenVSwitch.OpenVSwitch;

namespace Dpf.Chaining.Switching;

/// <summary>A port of a bridge with its interface, as the database shows them.</summary>
/// <param name="Name">The port's name, and the interface's.</param>
/// <param name="Bridge">The bridge.</param>
public sealed record PortView(string Name, string Bridge)
{
    /// <summary>Who keeps the port, of the owners that mark their rows; null for anybody else.</summary>
    public string? Owner { get; init; }

    /// <summary>The interface's type: empty, <c>dpdk</c>, <c>patch</c>, ….</summary>
    public string Type { get; init; } = "";

    /// <summary>The number that flows know the port by; null before it has one or when it failed.</summary>
    public long? Ofport { get; init; }

    /// <summary>Why the switch could not open the device, or null.</summary>
    public string? Error { get; init; }

    /// <summary>The port's external ids.</summary>
    public IReadOnlyDictionary<string, string> PortIds { get; init; } = new Dictionary<string, string>();

    /// <summary>The interface's external ids.</summary>
    public IReadOnlyDictionary<string, string> InterfaceIds { get; init; } = new Dictionary<string, string>();
}

/// <summary>The bridges and ports of a switch at one moment.</summary>
/// <param name="Bridges">The bridges' names.</param>
/// <param name="Ports">Their ports by name: a name is there only once in a switch.</param>
/// <param name="Dpdk">Whether devices are opened through DPDK.</param>
public sealed record SwitchView(IReadOnlySet<string> Bridges, IReadOnlyDictionary<string, PortView> Ports, bool Dpdk)
{
    /// <summary>Reads a snapshot.</summary>
    public static SwitchView Of(Snapshot snapshot)
    {
        var ports = new Dictionary<string, PortView>(StringComparer.Ordinal);
        var bridges = snapshot.All<Bridge>().ToList();
        foreach (var bridge in bridges)
        {
            foreach (var port in snapshot.Follow<Port>(bridge.Ports))
            {
                var device = snapshot.Follow<Interface>(port.Interfaces).FirstOrDefault();
                var ids = port.ExternalIds;
                ports[port.Name] = new PortView(port.Name, bridge.Name)
                {
                    Owner = ids.GetValueOrDefault(RowSet.OwnerId),
                    Type = device?.Type ?? "",
                    Ofport = device?.Ofport is > 0 and { } number ? number : null,
                    Error = device?.Error,
                    PortIds = ids,
                    InterfaceIds = device?.ExternalIds ?? new Dictionary<string, string>(),
                };
            }
        }

        return new SwitchView(
            bridges.Select(b => b.Name).ToHashSet(StringComparer.Ordinal), ports,
            snapshot.All<Root>().FirstOrDefault()?.DpdkInitialized == true);
    }
}
