using System.Collections.Immutable;
using System.Text.Json;
using System.Text.Json.Nodes;
using System.Threading.Channels;
using Dpf.ApiServer.Serving;
using Microsoft.Data.Sqlite;

namespace Dpf.ApiServer.Storage;

/// <summary>
/// Objects in an SQLite database with a write-ahead log, and all of them in memory besides. One writer commits the
/// changes that wait, as one transaction; reads and watches never touch the database. A killed process loses nothing
/// that was acknowledged.
/// </summary>
public sealed class SqliteStore : IResourceStore
{
    private const int BatchLimit = 256;
    private readonly Lock _gate = new();
    private readonly Dictionary<GroupResource, ResourceHistory> _resources = [];
    private readonly Channel<Change> _changes = Channel.CreateUnbounded<Change>(new UnboundedChannelOptions { SingleReader = true });
    private readonly SqliteConnection _database;
    private readonly int _history;
    private readonly Task _writer;
    private readonly long _loaded;
    private long _revision;

    private SqliteStore(SqliteConnection database, int history)
    {
        (_database, _history) = (database, history);
        Execute("PRAGMA journal_mode=WAL");
        Execute("PRAGMA synchronous=NORMAL");
        Execute("PRAGMA wal_autocheckpoint=4000");
        Execute(
            """
            CREATE TABLE IF NOT EXISTS objects (
              api_group TEXT NOT NULL, resource TEXT NOT NULL, namespace TEXT NOT NULL, name TEXT NOT NULL,
              revision INTEGER NOT NULL, value BLOB NOT NULL,
              PRIMARY KEY (api_group, resource, namespace, name)) WITHOUT ROWID
            """);
        Execute("CREATE TABLE IF NOT EXISTS revision (id INTEGER PRIMARY KEY CHECK (id = 0), value INTEGER NOT NULL)");
        Load();
        _loaded = _revision;
        _writer = Task.Run(WriteAsync);
    }

    /// <inheritdoc/>
    public long Revision
    {
        get
        {
            lock (_gate)
            {
                return _revision;
            }
        }
    }

    /// <summary>Opens or makes the database file.</summary>
    public static SqliteStore Open(string path, int history = 20_000)
    {
        if (!File.Exists(path))
        {
            // Secrets are in there.
            using var file = new FileStream(path, new FileStreamOptions
            {
                Mode = FileMode.OpenOrCreate,
                Access = FileAccess.Write,
                UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite,
            });
        }

        var database = new SqliteConnection(new SqliteConnectionStringBuilder { DataSource = path, Pooling = false }.ToString());
        database.Open();
        return new SqliteStore(database, history);
    }

    /// <inheritdoc/>
    public long RevisionOf(GroupResource resource)
    {
        lock (_gate)
        {
            return _resources.GetValueOrDefault(resource)?.Changed ?? _loaded;
        }
    }

    /// <inheritdoc/>
    public StoredObject? Get(StoreKey key)
    {
        lock (_gate)
        {
            return _resources.GetValueOrDefault(key.Resource)?.Find(key.Namespace, key.Name);
        }
    }

    /// <inheritdoc/>
    public StoreSnapshot List(GroupResource resource, string @namespace = "", long revision = 0)
    {
        ImmutableSortedDictionary<string, ImmutableSortedDictionary<string, StoredObject>> state;
        List<StoreEvent> undo = [];
        lock (_gate)
        {
            var history = History(resource);
            state = history.Now;
            if (revision > 0 && revision < _revision)
            {
                if (revision < history.Forgotten)
                {
                    throw new RevisionCompactedException(revision, history.Forgotten);
                }

                undo = history.Since(revision);
            }
            else
            {
                revision = _revision;
            }
        }

        state = ResourceHistory.Undo(state, undo);
        if (@namespace.Length > 0)
        {
            return new StoreSnapshot(revision, state.TryGetValue(@namespace, out var objects) ? [.. objects.Values] : []);
        }

        return new StoreSnapshot(revision, [.. state.Values.SelectMany(o => o.Values)]);
    }

    /// <inheritdoc/>
    public async ValueTask<StoredObject> PutAsync(
        StoreKey key, JsonObject value, long expectedRevision, CancellationToken cancellation = default) =>
        (await SubmitAsync(new Change(key, value, expectedRevision))).Object;

    /// <inheritdoc/>
    public async ValueTask<long> DeleteAsync(StoreKey key, long expectedRevision, CancellationToken cancellation = default) =>
        (await SubmitAsync(new Change(key, null, expectedRevision))).Revision;

    /// <inheritdoc/>
    public IStoreWatch Watch(GroupResource resource, long afterRevision)
    {
        lock (_gate)
        {
            var history = History(resource);
            if (afterRevision < history.Forgotten)
            {
                throw new RevisionCompactedException(afterRevision, history.Forgotten);
            }

            var watch = new StoreWatch(_history + 1024, () => Revision, w =>
            {
                lock (_gate)
                {
                    history.Unsubscribe(w);
                }
            });
            history.Subscribe(watch, afterRevision);
            return watch;
        }
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        _changes.Writer.TryComplete();
        await _writer;
        await _database.DisposeAsync();
    }

    private async Task<StoreEvent> SubmitAsync(Change change)
    {
        if (!_changes.Writer.TryWrite(change))
        {
            throw new InvalidOperationException("the store is closed; start the server again");
        }

        return await change.Done.Task;
    }

    private ResourceHistory History(GroupResource resource)
    {
        if (!_resources.TryGetValue(resource, out var history))
        {
            _resources[resource] = history = new ResourceHistory(_loaded, _history);
        }

        return history;
    }

    private void Load()
    {
        using (var read = _database.CreateCommand())
        {
            read.CommandText = "SELECT value FROM revision WHERE id = 0";
            _revision = read.ExecuteScalar() is long value ? value : 0;
        }

        using var all = _database.CreateCommand();
        all.CommandText = "SELECT api_group, resource, namespace, name, revision, value FROM objects";
        using var rows = all.ExecuteReader();
        while (rows.Read())
        {
            var key = new StoreKey(new GroupResource(rows.GetString(0), rows.GetString(1)), rows.GetString(2), rows.GetString(3));
            if (!_resources.TryGetValue(key.Resource, out var history))
            {
                _resources[key.Resource] = history = new ResourceHistory(_revision, _history);
            }

            history.Load(new StoredObject(key, rows.GetInt64(4), (byte[])rows.GetValue(5)));
        }
    }

    private async Task WriteAsync()
    {
        var batch = new List<Change>();
        while (await _changes.Reader.WaitToReadAsync())
        {
            batch.Clear();
            while (batch.Count < BatchLimit && _changes.Reader.TryRead(out var change))
            {
                batch.Add(change);
            }

            Commit(batch);
        }
    }

    private void Commit(List<Change> batch)
    {
        var results = new StoreEvent?[batch.Count];
        var failures = new Exception?[batch.Count];
        var pending = new Dictionary<StoreKey, StoredObject?>();
        var revision = Revision;
        try
        {
            using var transaction = _database.BeginTransaction();
            for (var i = 0; i < batch.Count; i++)
            {
                var change = batch[i];
                var current = pending.TryGetValue(change.Key, out var changed) ? changed : Get(change.Key);
                var actual = current?.Revision ?? 0;
                if (actual != change.Expected)
                {
                    failures[i] = new RevisionConflictException(change.Key, change.Expected, actual);
                    continue;
                }

                results[i] = Write(change, current, ++revision);
                pending[change.Key] = change.Value is null ? null : results[i]!.Object;
            }

            if (pending.Count > 0)
            {
                Execute("INSERT INTO revision VALUES (0, $v) ON CONFLICT (id) DO UPDATE SET value = $v", ("$v", revision));
                transaction.Commit();
                Publish(results);
            }
        }
        catch (Exception error) when (error is SqliteException or IOException or JsonException or InvalidOperationException)
        {
            // Nothing of the batch was committed, so nothing of it may be seen.
            Array.Fill(failures, error);
        }

        for (var i = 0; i < batch.Count; i++)
        {
            if (failures[i] is { } failure)
            {
                batch[i].Done.TrySetException(failure);
            }
            else
            {
                batch[i].Done.TrySetResult(results[i]!);
            }
        }
    }

    private void Publish(StoreEvent?[] events)
    {
        lock (_gate)
        {
            foreach (var change in events)
            {
                if (change is not null)
                {
                    _revision = change.Revision;
                    History(change.Object.Key.Resource).Apply(change);
                }
            }
        }
    }

    private StoreEvent Write(Change change, StoredObject? current, long revision)
    {
        var key = change.Key;
        if (change.Value is null)
        {
            Execute(
                "DELETE FROM objects WHERE api_group = $g AND resource = $r AND namespace = $n AND name = $m",
                ("$g", key.Resource.Group), ("$r", key.Resource.Resource), ("$n", key.Namespace), ("$m", key.Name));
            var last = new StoredObject(key, revision, Serialize(current!.ToObject(), revision));
            return new StoreEvent(StoreEventType.Deleted, revision, last, current);
        }

        var stored = new StoredObject(key, revision, Serialize(change.Value, revision));
        Execute(
            """
            INSERT INTO objects VALUES ($g, $r, $n, $m, $v, $b)
            ON CONFLICT (api_group, resource, namespace, name) DO UPDATE SET revision = $v, value = $b
            """,
            ("$g", key.Resource.Group), ("$r", key.Resource.Resource), ("$n", key.Namespace), ("$m", key.Name),
            ("$v", revision), ("$b", stored.Utf8.ToArray()));
        return new StoreEvent(current is null ? StoreEventType.Added : StoreEventType.Modified, revision, stored, current);
    }

    private static byte[] Serialize(JsonObject value, long revision)
    {
        if (value["metadata"] is not JsonObject metadata)
        {
            value["metadata"] = metadata = [];
        }

        metadata["resourceVersion"] = revision.ToString(System.Globalization.CultureInfo.InvariantCulture);
        return JsonSerializer.SerializeToUtf8Bytes(value, JsonText.Relaxed);
    }

    private void Execute(string sql, params ReadOnlySpan<(string Name, object Value)> parameters)
    {
        using var command = _database.CreateCommand();
        command.CommandText = sql;
        foreach (var (name, value) in parameters)
        {
            command.Parameters.AddWithValue(name, value);
        }

        command.ExecuteNonQuery();
    }

    private sealed record Change(StoreKey Key, JsonObject? Value, long Expected)
    {
        public TaskCompletionSource<StoreEvent> Done { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);
    }
}
