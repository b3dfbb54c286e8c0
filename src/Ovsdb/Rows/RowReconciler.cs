using Dpf.Ovsdb.Sessions;

namespace Dpf.Ovsdb.Rows;

/// <summary>Makes a database hold exactly the rows that an owner wants, by the least change.</summary>
public sealed class RowReconciler(OvsdbClient client)
{
    /// <summary>
    /// Compares the wanted rows with the replica and carries out the difference in one transaction.
    /// </summary>
    /// <returns>The number of operations; zero when nothing differed.</returns>
    /// <exception cref="MissingRowException">The set builds on a row that is not there.</exception>
    /// <exception cref="Transactions.TransactionException">The database refused; nothing was changed.</exception>
    public async Task<int> ApplyAsync(RowSet desired, CancellationToken cancellation)
    {
        await client.WaitUntilSyncedAsync(cancellation);
        var transaction = RowPlanner.Plan(client.ReplicatedSchema, client.Replica.Current, desired);
        if (transaction.Count > 0)
        {
            // Our own changes are told before the reply, so the replica shows them when this returns.
            await client.TransactAsync(transaction, cancellation);
        }

        return transaction.Count;
    }
}
