using Dpf.Ovsdb.Replica;
using Dpf.Ovsdb.Values;

namespace Dpf.Ovsdb.Rows;

/// <summary>
/// The complete set of rows that one owner wants in a database, as values: what <see cref="RowReconciler"/> makes true.
/// Rows carry their owner and key in <c>external_ids</c>; whatever the owner has there that the set does not name, goes.
/// Columns that a row does not assign are left alone, and so are members of shared reference sets that others put there. A column that
/// a row assigns holds exactly that; in <c>external_ids</c> the marks that OVN's daemons leave stay too.
/// </summary>
public sealed class RowSet(string owner)
{
    /// <summary>The key of <c>external_ids</c> that holds the owner.</summary>
    public const string OwnerId = "dpf-owner";

    /// <summary>The key of <c>external_ids</c> that holds the row's logical key.</summary>
    public const string KeyId = "dpf-key";

    private readonly Dictionary<RowKey, RowHandle> _rows = [];
    private readonly Dictionary<string, Func<Row, bool>> _claims = new(StringComparer.Ordinal);

    /// <summary>Who wants these rows.</summary>
    public string Owner { get; } = owner;

    /// <summary>The rows.</summary>
    public IEnumerable<RowHandle> Rows => _rows.Values;

    internal IReadOnlyDictionary<string, Func<Row, bool>> Claims => _claims;

    /// <summary>Adds a row of a root table, or one that other rows refer to by the result.</summary>
    /// <exception cref="ArgumentException">The table has a row with this key already.</exception>
    public RowHandle Add(string key, TableRow row) => Add(new RowHandle(this, new RowKey(row.Table, key), row, null, null));

    /// <summary>A row that somebody else made, found by its <c>name</c>; children and references may be added to it.</summary>
    public RowHandle Existing<T>(string name)
        where T : TableRow, ITable, new() => Existing<T>("name", name);

    /// <summary>A row that somebody else made, found by a column's text.</summary>
    public RowHandle Existing<T>(string column, string text)
        where T : TableRow, ITable, new() =>
        Reuse(new RowKey(T.TableName, $"{column}={text}"), new T(), row => row.Text(column) == text);

    /// <summary>The one row of a table that has only one, e.g. <c>Open_vSwitch</c> or <c>NB_Global</c>.</summary>
    public RowHandle Singleton<T>()
        where T : TableRow, ITable, new() => Reuse(new RowKey(T.TableName, "."), new T(), _ => true);

    /// <summary>
    /// Says which rows of a table without <c>external_ids</c> are the owner's, e.g. by a prefix of their names; without
    /// it such rows are matched by the table's index and never deleted unless their parent is.
    /// </summary>
    public void Claim<T>(Func<T, bool> isMine)
        where T : TableRow, ITable, new() => _claims[T.TableName] = row => isMine(TableRow.From<T>(row));

    internal RowHandle Add(RowHandle handle) => _rows.TryAdd(handle.Key, handle)
        ? handle
        : throw new ArgumentException($"the row set of '{Owner}' has {handle.Key} twice; give each row a key of its own");

    private RowHandle Reuse(RowKey key, TableRow row, Func<Row, bool> find) =>
        _rows.TryGetValue(key, out var handle) ? handle : Add(new RowHandle(this, key, row, find, null));
}

/// <summary>A row of a <see cref="RowSet"/>, to hang children and references on.</summary>
public sealed class RowHandle
{
    private readonly RowSet _set;

    internal RowHandle(RowSet set, RowKey key, TableRow row, Func<Row, bool>? find, (RowHandle Parent, string Column)? parent)
    {
        _set = set;
        Key = key;
        Row = row;
        Find = find;
        Parent = parent;
    }

    /// <summary>The row's logical key.</summary>
    public RowKey Key { get; }

    /// <summary>The wanted columns.</summary>
    public TableRow Row { get; }

    /// <summary>A reference to the row, for columns of other rows.</summary>
    public RowReference Reference => Key;

    internal Func<Row, bool>? Find { get; }

    internal (RowHandle Parent, string Column)? Parent { get; }

    internal Dictionary<string, List<RowReference>> Included { get; } = new(StringComparer.Ordinal);

    internal Dictionary<string, Datum> Merged { get; } = new(StringComparer.Ordinal);

    /// <summary>
    /// Adds a child: a row that lives in this row's reference column (a switch's <c>ports</c>, a router's
    /// <c>static_routes</c>) and is addressed by this row and <paramref name="key"/>.
    /// </summary>
    public RowHandle Add(string column, string key, TableRow child)
    {
        var handle = _set.Add(
            new RowHandle(_set, new RowKey(child.Table, $"{Key.Key}/{key}"), child, null, (this, column)));
        return Include(column, handle.Reference) is not null ? handle : this;
    }

    /// <summary>Adds references to a column and leaves those that others put there alone.</summary>
    public RowHandle Include(string column, params IEnumerable<RowReference> references)
    {
        if (!Included.TryGetValue(column, out var list))
        {
            Included[column] = list = [];
        }

        list.AddRange(references);
        return this;
    }

    /// <summary>What was added to a column.</summary>
    public IReadOnlyList<RowReference> IncludedIn(string column) => Included.GetValueOrDefault(column, []);

    /// <summary>Makes these keys of a map column hold these values and leaves its other keys alone.</summary>
    public RowHandle Merge(string column, IEnumerable<KeyValuePair<string, string>> values)
    {
        Merged[column] = Datum.Map(values);
        return this;
    }

    /// <summary>A reference to the row.</summary>
    public static implicit operator RowReference(RowHandle handle) => handle.Reference;
}
