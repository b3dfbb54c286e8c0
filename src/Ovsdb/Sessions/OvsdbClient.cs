using System.Text.Json;
using System.Text.Json.Nodes;
using Dpf.Ovsdb.Replica;
using Dpf.Ovsdb.Schemas;
using Dpf.Ovsdb.Transactions;
using Dpf.Ovsdb.Wire;
using Microsoft.Extensions.Logging;

namespace Dpf.Ovsdb.Sessions;

/// <summary>
/// A client of one database: connects, reconnects, keeps a replica of the chosen tables and carries out transactions.
/// Starts with <see cref="Start"/>, ends when disposed.
/// </summary>
public sealed class OvsdbClient : IAsyncDisposable
{
    private readonly OvsdbClientOptions _options;
    private readonly CancellationTokenSource _stop = new();
    private readonly Lock _lock = new();
    private TaskCompletionSource<Session> _session = NewSession();
    private Task _running = Task.CompletedTask;
    private bool _disposed;
    private string _lastTransaction = Guid.Empty.ToString();

    private OvsdbClient(OvsdbClientOptions options) => _options = options;

    /// <summary>The replicated tables. Keeps its last content while the connection is down.</summary>
    public OvsdbReplica Replica { get; } = new();

    /// <summary>The server's whole schema; known once synced.</summary>
    public DatabaseSchema Schema { get; private set; } = new("", "", new Dictionary<string, TableSchema>());

    /// <summary>The schema of the replicated tables and columns; known once synced.</summary>
    public DatabaseSchema ReplicatedSchema { get; private set; } = new("", "", new Dictionary<string, TableSchema>());

    /// <summary>Whether the replica follows the server now.</summary>
    public bool IsConnected => _session.Task.IsCompletedSuccessfully;

    /// <summary>Starts connecting in the background.</summary>
    public static OvsdbClient Start(OvsdbClientOptions options)
    {
        var client = new OvsdbClient(options);
        client._running = Task.Run(() => client.RunAsync(client._stop.Token));
        return client;
    }

    /// <summary>Waits until the replica has the server's content.</summary>
    public async Task WaitUntilSyncedAsync(CancellationToken cancellation) => await SessionAsync(cancellation);

    /// <summary>
    /// Carries out a transaction; waits for a connection first. The replica shows its changes when this returns.
    /// </summary>
    /// <exception cref="TransactionException">The database refused; nothing was changed.</exception>
    /// <exception cref="IOException">The connection ended before the reply: it may or may not have been carried out.</exception>
    public async Task<TransactionResult> TransactAsync(Transaction transaction, CancellationToken cancellation)
    {
        var session = await SessionAsync(cancellation);
        var reply = await session.Connection.CallAsync("transact", transaction.ToJson(_options.Database), cancellation);
        return TransactionResult.Parse(reply, transaction);
    }

    /// <inheritdoc />
    public async ValueTask DisposeAsync()
    {
        if (Interlocked.Exchange(ref _disposed, true))
        {
            return;
        }

        await _stop.CancelAsync();
        await _running.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        lock (_lock)
        {
            _session.TrySetException(new ObjectDisposedException(nameof(OvsdbClient)));
        }

        _stop.Dispose();
    }

    private static TaskCompletionSource<Session> NewSession() => new(TaskCreationOptions.RunContinuationsAsynchronously);

    private Task<Session> SessionAsync(CancellationToken cancellation)
    {
        lock (_lock)
        {
            return _session.Task.WaitAsync(cancellation);
        }
    }

    private async Task RunAsync(CancellationToken cancellation)
    {
        var delay = TimeSpan.FromMilliseconds(50);
        while (!cancellation.IsCancellationRequested)
        {
            var connected = false;
            try
            {
                await using var connection = new JsonRpcConnection(
                    await _options.Connect(cancellation), _options.Time, OnNotification);
                using var ending = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
                var reading = connection.RunAsync(ending.Token);
                try
                {
                    // A server that takes the connection and then says nothing must not hold the client for ever.
                    var probing = ProbeAsync(connection, ending.Token);
                    var syncing = SyncAsync(connection, ending.Token);
                    await await Task.WhenAny(syncing, probing);
                    connected = true;
                    delay = TimeSpan.FromMilliseconds(50);
                    _session.TrySetResult(new Session(connection));
                    await Task.WhenAny(reading, probing);
                }
                finally
                {
                    await ending.CancelAsync();
                    await reading.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
                    Disconnected(connected);
                }
            }
            catch (Exception e) when (!cancellation.IsCancellationRequested)
            {
                _options.Log.LogDebug(e, "connecting to {Database} failed; trying again", _options.Database);
            }
            catch (OperationCanceledException)
            {
                return;
            }

            await Task.Delay(delay, _options.Time, cancellation).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            delay = TimeSpan.FromTicks(Math.Min(delay.Ticks * 2, _options.MaxBackoff.Ticks));
        }
    }

    private void Disconnected(bool connected)
    {
        if (!connected)
        {
            return;
        }

        _options.Log.LogInformation("the connection to {Database} ended", _options.Database);
        lock (_lock)
        {
            _session = NewSession();
        }
    }

    private async Task SyncAsync(JsonRpcConnection connection, CancellationToken cancellation)
    {
        Schema = DatabaseSchema.Parse(
            await connection.CallAsync("get_schema", new JsonArray(_options.Database), cancellation));
        ReplicatedSchema = Chosen(Schema);
        try
        {
            await MonitorAsync(connection, "monitor_cond_since", cancellation);
        }
        catch (JsonRpcException)
        {
            try
            {
                await MonitorAsync(connection, "monitor_cond", cancellation);
            }
            catch (JsonRpcException)
            {
                await MonitorAsync(connection, "monitor", cancellation);
            }
        }

        _options.Log.LogDebug("following {Database} {Version}", Schema.Name, Schema.Version);
    }

    private Task MonitorAsync(JsonRpcConnection connection, string method, CancellationToken cancellation)
    {
        var requests = new JsonObject();
        foreach (var table in ReplicatedSchema.Tables.Values)
        {
            var columns = new JsonArray([.. table.Columns.Keys.Select(c => JsonValue.Create(c))]);
            requests[table.Name] = new JsonArray(new JsonObject { ["columns"] = columns });
        }

        var parameters = new JsonArray(_options.Database, _options.Database, requests);
        if (method == "monitor_cond_since")
        {
            parameters.Add(_lastTransaction);
        }

        return connection.CallAsync(method, parameters, cancellation, reply =>
        {
            if (method != "monitor_cond_since")
            {
                Follow(reply, replacesAll: true);
                return default;
            }

            Follow(reply[2], replacesAll: !reply[0].GetBoolean());
            _lastTransaction = reply[1].GetString()!;
            return default;
        });
    }

    private void OnNotification(string method, JsonElement parameters)
    {
        switch (method)
        {
            case "update3":
                Follow(parameters[2], replacesAll: false);
                _lastTransaction = parameters[1].GetString()!;
                break;
            case "update" or "update2":
                Follow(parameters[1], replacesAll: false);
                break;
        }
    }

    private void Follow(JsonElement updates, bool replacesAll) =>
        Replica.Apply(TableUpdates.Read(updates, Replica.Current, ReplicatedSchema, replacesAll));

    private async Task ProbeAsync(JsonRpcConnection connection, CancellationToken cancellation)
    {
        while (connection.Silence < _options.InactivityProbe * 2)
        {
            await Task.Delay(_options.InactivityProbe / 2, _options.Time, cancellation);
            if (connection.Silence >= _options.InactivityProbe)
            {
                // The answer itself does not matter: any byte heard ends the silence.
                _ = connection.CallAsync("echo", [], cancellation)
                    .ContinueWith(t => t.Exception, CancellationToken.None, TaskContinuationOptions.None, TaskScheduler.Default);
            }
        }

        throw new TimeoutException($"the server of {_options.Database} gave no sign of life");
    }

    private DatabaseSchema Chosen(DatabaseSchema schema)
    {
        if (_options.Tables.Count == 0)
        {
            return schema;
        }

        var tables = new Dictionary<string, TableSchema>(StringComparer.Ordinal);
        foreach (var wanted in _options.Tables)
        {
            if (schema.Tables.TryGetValue(wanted.Name, out var table))
            {
                tables[wanted.Name] = wanted.Columns.Count == 0 ? table : table with
                {
                    Columns = table.Columns.Where(c => wanted.Columns.Contains(c.Key)).ToDictionary(StringComparer.Ordinal),
                };
            }
        }

        return schema with { Tables = tables };
    }

    private sealed record Session(JsonRpcConnection Connection);
}
