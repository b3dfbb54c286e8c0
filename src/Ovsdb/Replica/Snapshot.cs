using System.Collections.Concurrent;
using System.Collections.Immutable;
using Dpf.Ovsdb.Rows;

namespace Dpf.Ovsdb.Replica;

/// <summary>The replicated tables at one moment, between two transactions of the database.</summary>
public sealed class Snapshot
{
    private static readonly ImmutableDictionary<Guid, Row> NoRows = ImmutableDictionary<Guid, Row>.Empty;
    private readonly ImmutableDictionary<string, ImmutableDictionary<Guid, Row>> _tables;

    // Made when a table's rows are asked for by name for the first time.
    private readonly ConcurrentDictionary<string, Dictionary<string, Row>> _byName = new(StringComparer.Ordinal);

    internal Snapshot(ImmutableDictionary<string, ImmutableDictionary<Guid, Row>> tables, long version)
    {
        _tables = tables;
        Version = version;
    }

    /// <summary>Nothing yet.</summary>
    public static Snapshot Empty { get; } =
        new(ImmutableDictionary.Create<string, ImmutableDictionary<Guid, Row>>(StringComparer.Ordinal), 0);

    /// <summary>Grows with every change.</summary>
    public long Version { get; }

    internal ImmutableDictionary<string, ImmutableDictionary<Guid, Row>> Tables => _tables;

    /// <summary>The rows of a table by identifier.</summary>
    public IReadOnlyDictionary<Guid, Row> Table(string table) => _tables.GetValueOrDefault(table, NoRows);

    /// <summary>The rows of a table, typed.</summary>
    public IEnumerable<T> All<T>()
        where T : TableRow, ITable, new() => Table(T.TableName).Values.Select(TableRow.From<T>);

    /// <summary>A row by identifier, typed; null when it is not there.</summary>
    public T? Find<T>(Guid uuid)
        where T : TableRow, ITable, new() => Table(T.TableName).TryGetValue(uuid, out var row) ? TableRow.From<T>(row) : null;

    /// <summary>The rows that references name, typed; those that are gone are left out.</summary>
    public IEnumerable<T> Follow<T>(IEnumerable<RowReference> references)
        where T : TableRow, ITable, new() => references.Select(r => Find<T>(r.Uuid)).OfType<T>();

    /// <summary>The first row whose <c>name</c> is <paramref name="name"/>, typed; null when there is none.</summary>
    public T? Named<T>(string name)
        where T : TableRow, ITable, new() =>
        _byName.GetOrAdd(T.TableName, ByName).TryGetValue(name, out var row) ? TableRow.From<T>(row) : null;

    /// <summary>The first row whose column holds the text, typed; null when there is none.</summary>
    public T? FindBy<T>(string column, string text)
        where T : TableRow, ITable, new()
    {
        var row = Table(T.TableName).Values.FirstOrDefault(r => r.Text(column) == text);
        return row is null ? null : TableRow.From<T>(row);
    }

    private Dictionary<string, Row> ByName(string table)
    {
        var rows = new Dictionary<string, Row>(StringComparer.Ordinal);
        foreach (var row in Table(table).Values)
        {
            rows.TryAdd(row.Text("name"), row);
        }

        return rows;
    }
}
