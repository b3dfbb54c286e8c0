using System.Globalization;
using Dpf.Ovsdb.Models.OpenVSwitch;
using Dpf.Ovsdb.Replica;
using Dpf.Ovsdb.Rows;
using Dpf.Ovsdb.Sessions;
using Dpf.Runtime.Machines;
using Microsoft.Extensions.Logging;
using Row = Dpf.Ovsdb.Models.OpenVSwitch.OpenVSwitch;

namespace Dpf.Ovn.Node;

/// <summary>A machine's Open vSwitch: its database, followed, and its commands.</summary>
public sealed class OpenVSwitch : IAsyncDisposable
{
    /// <summary>The integration bridge, which ovn-controller programs.</summary>
    public const string IntegrationBridge = "br-int";

    private const string Socket = "/run/openvswitch/db.sock";
    private readonly IMachine _machine;
    private readonly TimeProvider _time;
    private readonly RowReconciler _rows;

    /// <summary>Connects in the background.</summary>
    public OpenVSwitch(IMachine machine, TimeProvider time, ILogger logger)
    {
        (_machine, _time) = (machine, time);
        Client = OvsdbClient.Start(new OvsdbClientOptions
        {
            Database = "Open_vSwitch",
            Connect = OvsdbEndpoint.Unix(() => machine.Path(Socket)),
            Time = time,
            Log = logger,
            Tables =
            [
                new ReplicatedTable("Open_vSwitch", "external_ids", "other_config", "dpdk_initialized", "bridges"),
                new ReplicatedTable("Bridge", "name", "ports", "datapath_type", "external_ids"),
                new ReplicatedTable("Port", "name", "interfaces", "external_ids", "other_config"),
                new ReplicatedTable("Interface", "name", "type", "ofport", "external_ids", "mtu_request", "mtu", "admin_state", "error"),
            ],
        });
        _rows = new RowReconciler(Client);
    }

    /// <summary>The database.</summary>
    public OvsdbClient Client { get; }

    /// <summary>The database as it is now.</summary>
    public Snapshot Now => Client.Replica.Current;

    /// <summary>A value of the switch's <c>external_ids</c>, or null.</summary>
    public static string? ExternalId(Snapshot snapshot, string key) =>
        snapshot.All<Row>().FirstOrDefault()?.ExternalIds.GetValueOrDefault(key);

    /// <summary>The port number of an interface, once it has one.</summary>
    public static string? Ofport(Snapshot snapshot, string name) => snapshot.Named<Interface>(name)?.Ofport is > 0 and { } number
        ? number.ToString(CultureInfo.InvariantCulture)
        : null;

    /// <summary>The names of a bridge's ports.</summary>
    public static IReadOnlyList<string> Ports(Snapshot snapshot, string bridge) =>
        snapshot.Named<Bridge>(bridge) is { } row ? [.. snapshot.Follow<Port>(row.Ports).Select(p => p.Name)] : [];

    /// <summary>Waits for a value of <c>external_ids</c>.</summary>
    public async Task<string> WaitForExternalIdAsync(string key, CancellationToken cancellation) =>
        ExternalId(await Client.Replica.WaitForAsync(s => ExternalId(s, key) is { Length: > 0 }, cancellation), key)!;

    /// <summary>Makes the rows of an owner what the set says.</summary>
    public Task<int> ApplyAsync(RowSet rows, CancellationToken cancellation) => _rows.ApplyAsync(rows, cancellation);

    /// <summary>Sets keys of the switch's <c>external_ids</c> and <c>other_config</c>, leaving the others.</summary>
    public Task ConfigureAsync(
        string owner, IReadOnlyDictionary<string, string> externalIds, IReadOnlyDictionary<string, string> otherConfig,
        CancellationToken cancellation)
    {
        var rows = new RowSet(owner);
        rows.Singleton<Row>().Merge("external_ids", externalIds).Merge("other_config", otherConfig);
        return ApplyAsync(rows, cancellation);
    }

    /// <summary>Tells of changes of a bridge's flows until cancelled, and when they begin to be followed.</summary>
    public Task FollowFlowsAsync(string bridge, Action changed, CancellationToken cancellation) => _machine.FollowAsync(
        new MachineCommand("ovs-ofctl", "-O", "OpenFlow13", "monitor", bridge, "watch:!actions"), changed, _time, cancellation);

    /// <summary>How many flows a bridge has.</summary>
    public async Task<int> FlowCountAsync(string bridge, CancellationToken cancellation)
    {
        var text = await _machine.ExecuteAsync(cancellation, "ovs-ofctl", "-O", "OpenFlow13", "dump-aggregate", bridge);
        var count = text.Split("flow_count=") is [_, var rest] ? string.Concat(rest.TakeWhile(char.IsAsciiDigit)) : "";
        return int.TryParse(count, NumberStyles.None, CultureInfo.InvariantCulture, out var flows)
            ? flows
            : throw new FormatException($"{_machine.HostName}: ovs-ofctl dump-aggregate {bridge} says '{text.Trim()}' and no flow_count");
    }

    /// <summary>Replaces a bridge's flows in one step.</summary>
    public async Task ReplaceFlowsAsync(string bridge, IEnumerable<string> flows, CancellationToken cancellation)
    {
        var command = new MachineCommand("ovs-ofctl", "-O", "OpenFlow13", "--bundle", "replace-flows", bridge, "-")
        {
            Input = string.Join('\n', flows) + "\n",
        };
        var result = await _machine.RunAsync(command, cancellation);
        if (!result.Succeeded)
        {
            throw new MachineCommandException(_machine.HostName, command, result);
        }
    }

    /// <inheritdoc />
    public ValueTask DisposeAsync() => Client.DisposeAsync();
}
