using Dpf.Ovn.Zone.Planning;
using Dpf.Ovsdb.Rows;
using Dpf.Ovsdb.Sessions;
using Dpf.Ovsdb.Transactions;
using Microsoft.Extensions.Logging;

namespace Dpf.Ovn.Zone.Applying;

/// <summary>A zone's northbound and southbound databases, brought to what the facts say.</summary>
public sealed class ZoneDatabases : IAsyncDisposable
{
    private readonly RowReconciler _northRows;
    private readonly RowReconciler _southRows;

    /// <summary>Connects in the background; each path is asked for at every attempt.</summary>
    public ZoneDatabases(Func<string> northbound, Func<string> southbound, TimeProvider time, ILogger logger)
    {
        North = OvsdbClient.Start(new OvsdbClientOptions
        {
            Database = "OVN_Northbound",
            Connect = OvsdbEndpoint.Unix(northbound),
            Time = time,
            Log = logger,
        });
        South = OvsdbClient.Start(new OvsdbClientOptions
        {
            Database = "OVN_Southbound",
            Connect = OvsdbEndpoint.Unix(southbound),
            Time = time,
            Log = logger,

            // Not the logical flows: northd writes thousands that nobody here reads.
            Tables = ["Chassis", "Datapath_Binding", "Encap", "Port_Binding", "SB_Global", "Static_MAC_Binding"],
        });
        _northRows = new RowReconciler(North);
        _southRows = new RowReconciler(South);
    }

    /// <summary>The northbound database.</summary>
    public OvsdbClient North { get; }

    /// <summary>The southbound database.</summary>
    public OvsdbClient South { get; }

    /// <summary>Makes both hold what the facts say; returns the number of operations it took.</summary>
    public async Task<int> ApplyAsync(ZoneFacts facts, CancellationToken cancellation)
    {
        var changes = await _northRows.ApplyAsync(NorthboundPlan.Of(facts), cancellation);
        changes += await _southRows.ApplyAsync(SouthboundPlan.Of(facts), cancellation);
        changes += await SouthAsync(SouthboundPlan.Leftovers(North.Replica.Current, South.Replica.Current), cancellation);
        return changes + await SouthAsync(SouthboundPlan.Bindings(facts, South.Replica.Current), cancellation);
    }

    /// <inheritdoc />
    public async ValueTask DisposeAsync()
    {
        await North.DisposeAsync();
        await South.DisposeAsync();
    }

    private async Task<int> SouthAsync(Transaction transaction, CancellationToken cancellation)
    {
        if (transaction.Count > 0)
        {
            await South.TransactAsync(transaction, cancellation);
        }

        return transaction.Count;
    }
}
