using Dpf.Ovsdb.Models.OpenVSwitch;
using Dpf.Ovsdb.Sessions;
using Dpf.Runtime.Hosting;
using Row = Dpf.Ovsdb.Models.OpenVSwitch.OpenVSwitch;

namespace Dpf.Telemetry;

/// <summary>A port of the DPU's switch with its counters.</summary>
/// <param name="Bridge">The bridge.</param>
/// <param name="Name">The interface.</param>
/// <param name="Type">Its type; empty for a system device.</param>
/// <param name="IsUp">Whether the link is up.</param>
/// <param name="Statistics">The counters, named as Open vSwitch names them.</param>
public sealed record SwitchPort(
    string Bridge, string Name, string Type, bool IsUp, IReadOnlyDictionary<string, long> Statistics);

/// <summary>The DPU's Open vSwitch, read only.</summary>
public sealed class Switch : IAsyncDisposable
{
    private readonly OvsdbClient _client;

    /// <summary>Connects in the background, and again whenever the connection ends.</summary>
    public Switch(ComponentContext context) => _client = OvsdbClient.Start(new OvsdbClientOptions
    {
        Database = "Open_vSwitch",
        Connect = OvsdbEndpoint.Unix(() => context.Machine.Path("/run/openvswitch/db.sock")),
        Time = context.Time,
        Log = context.Loggers.CreateLogger("ovsdb"),
        Tables =
        [
            new ReplicatedTable("Open_vSwitch", "external_ids", "ovs_version", "system_type", "system_version"),
            new ReplicatedTable("Bridge", "name", "ports"),
            new ReplicatedTable("Port", "name", "interfaces"),
            new ReplicatedTable("Interface", "name", "type", "link_state", "statistics"),
        ],
    });

    /// <summary>Whether its database answers.</summary>
    public bool IsConnected => _client.IsConnected;

    /// <summary>Its version; empty before it answered.</summary>
    public string Version => Root?.OvsVersion ?? "";

    /// <summary>A value of <c>external_ids</c>, or empty.</summary>
    public string ExternalId(string key) => Root?.ExternalIds.GetValueOrDefault(key) ?? "";

    /// <summary>All ports, by bridge and name.</summary>
    public IReadOnlyList<SwitchPort> Ports
    {
        get
        {
            var now = _client.Replica.Current;
            return
            [
                .. from bridge in now.All<Bridge>()
                   from port in now.Follow<Port>(bridge.Ports)
                   from row in now.Follow<Interface>(port.Interfaces)
                   orderby bridge.Name, row.Name
                   select new SwitchPort(bridge.Name, row.Name, row.Type, row.LinkState == "up", row.Statistics),
            ];
        }
    }

    private Row? Root => _client.Replica.Current.All<Row>().FirstOrDefault();

    /// <inheritdoc />
    public ValueTask DisposeAsync() => _client.DisposeAsync();
}
