using Dpf.Ovsdb.Rows;
using Dpf.Ovsdb.Sessions;
using Dpf.Runtime.Machines;
using Microsoft.Extensions.Logging;

namespace Dpf.Chaining.Switching;

/// <summary>A DPU's Open vSwitch: its database, followed, and its flows.</summary>
public sealed class NodeSwitch : IAsyncDisposable
{
    private const string Socket = "/run/openvswitch/db.sock";
    private readonly IMachine _machine;
    private readonly TimeProvider _time;
    private readonly RowReconciler _rows;

    /// <summary>Connects in the background.</summary>
    /// <param name="machine">The machine.</param>
    /// <param name="time">The clock.</param>
    /// <param name="logger">The log.</param>
    /// <param name="socket">The database's socket on the machine.</param>
    public NodeSwitch(IMachine machine, TimeProvider time, ILogger logger, string socket = Socket)
    {
        (_machine, _time) = (machine, time);
        Client = OvsdbClient.Start(new OvsdbClientOptions
        {
            Database = "Open_vSwitch",
            Connect = OvsdbEndpoint.Unix(() => machine.Path(socket)),
            Time = time,
            Log = logger,
            Tables =
            [
                new ReplicatedTable("Open_vSwitch", "bridges", "external_ids", "other_config", "dpdk_initialized"),
                new ReplicatedTable("Bridge", "name", "ports", "datapath_type", "fail_mode", "external_ids"),
                new ReplicatedTable("Port", "name", "interfaces", "external_ids", "tag", "vlan_mode", "trunks"),
                new ReplicatedTable(
                    "Interface", "name", "type", "ofport", "ofport_request", "external_ids", "options", "mtu_request", "error"),
            ],
        });
        _rows = new RowReconciler(Client);
    }

    /// <summary>The database.</summary>
    public OvsdbClient Client { get; }

    /// <summary>The switch as it is now.</summary>
    public SwitchView View => SwitchView.Of(Client.Replica.Current);

    /// <summary>Makes the rows of an owner what the set says.</summary>
    public Task<int> ApplyAsync(RowSet rows, CancellationToken cancellation) => _rows.ApplyAsync(rows, cancellation);

    /// <summary>A bridge's flows, one a line, with numbers for ports.</summary>
    /// <exception cref="MachineCommandException">The switch does not answer.</exception>
    public Task<string> DumpFlowsAsync(string bridge, CancellationToken cancellation) =>
        _machine.ExecuteAsync(
            cancellation, "ovs-ofctl", "-t", "5", "-O", "OpenFlow14", "--no-names", "--no-stats", "dump-flows", bridge);

    /// <summary>Tells of changes of a bridge's flows until cancelled, and when they begin to be followed.</summary>
    public Task FollowFlowsAsync(string bridge, Action changed, CancellationToken cancellation) => _machine.FollowAsync(
        new MachineCommand("ovs-ofctl", "-O", "OpenFlow14", "monitor", bridge, "watch:!actions"), changed, _time, cancellation);

    /// <summary>Carries out changes of flows (<c>add …</c>, <c>delete …</c>), all or none.</summary>
    /// <exception cref="MachineCommandException">The switch refused.</exception>
    public async Task ChangeFlowsAsync(string bridge, IReadOnlyList<string> changes, CancellationToken cancellation)
    {
        var command = new MachineCommand("ovs-ofctl", "-t", "5", "-O", "OpenFlow14", "--bundle", "add-flows", bridge, "-")
        {
            Input = string.Join('\n', changes) + "\n",
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
