using Dpf.Ovsdb.Replica;
using Dpf.Ovsdb.Values;

namespace Dpf.Ovsdb.Rows;

/// <summary>A generated row class: knows its table.</summary>
public interface ITable
{
    /// <summary>The table's name in the schema.</summary>
    static abstract string TableName { get; }
}

/// <summary>
/// A typed row. One that was read shows the replica's values; one that was made shows what was assigned, and only
/// assigned columns are written. The generated classes derive from it.
/// </summary>
public abstract class TableRow
{
    private static readonly Dictionary<string, Datum> Nothing = [];
    private Dictionary<string, Datum>? _assigned;
    private Row? _row;

    /// <summary>The table's name.</summary>
    public abstract string Table { get; }

    /// <summary>The row's identifier; empty for one that was made.</summary>
    public Guid Uuid => _row?.Uuid ?? Guid.Empty;

    /// <summary>The columns that were assigned.</summary>
    public IReadOnlyDictionary<string, Datum> Assigned => _assigned ?? Nothing;

    /// <summary>A column by its name in the schema.</summary>
    public Datum this[string column]
    {
        get => _assigned?.TryGetValue(column, out var datum) == true ? datum : _row?[column] ?? Datum.Empty;
        set => (_assigned ??= new Dictionary<string, Datum>(StringComparer.Ordinal))[column] = value;
    }

    /// <summary>The typed view of a row.</summary>
    public static T From<T>(Row row)
        where T : TableRow, new() => new() { _row = row };

    protected string Text(string column) => this[column] is { Count: > 0 } d ? d.Keys[0].Text : "";

    protected string? OptionalText(string column) => this[column] is { Count: > 0 } d ? d.Keys[0].Text : null;

    protected long Integer(string column) => this[column] is { Count: > 0 } d ? d.Keys[0].Integer : 0;

    protected long? OptionalInteger(string column) => this[column] is { Count: > 0 } d ? d.Keys[0].Integer : null;

    protected double Real(string column) => this[column] is { Count: > 0 } d ? d.Keys[0].Real : 0;

    protected double? OptionalReal(string column) => this[column] is { Count: > 0 } d ? d.Keys[0].Real : null;

    protected bool Boolean(string column) => this[column] is { Count: > 0 } d && d.Keys[0].Boolean;

    protected bool? OptionalBoolean(string column) => this[column] is { Count: > 0 } d ? d.Keys[0].Boolean : null;

    protected RowReference? OptionalReference(string column) =>
        this[column] is { Count: > 0 } d ? new RowReference(d.Keys[0]) : (RowReference?)null;

    protected IReadOnlyList<string> Texts(string column) => [.. this[column].Keys.Select(k => k.Text)];

    protected IReadOnlyList<long> Integers(string column) => [.. this[column].Keys.Select(k => k.Integer)];

    protected IReadOnlyList<RowReference> References(string column) =>
        [.. this[column].Keys.Select(k => new RowReference(k))];

    protected IReadOnlyDictionary<string, string> TextMap(string column) =>
        this[column].Pairs().ToDictionary(p => p.Key.Text, p => p.Value.Text, StringComparer.Ordinal);

    protected IReadOnlyDictionary<string, long> IntegerMap(string column) =>
        this[column].Pairs().ToDictionary(p => p.Key.Text, p => p.Value.Integer, StringComparer.Ordinal);

    protected void Assign(string column, Datum value) => this[column] = value;

    protected void AssignOptional(string column, Atom? value) =>
        this[column] = value is { } atom ? Datum.Of(atom) : Datum.Empty;

    protected void Assign(string column, IEnumerable<string> values) => this[column] = Datum.Set(values.Select(Atom.Of));

    protected void Assign(string column, IEnumerable<long> values) => this[column] = Datum.Set(values.Select(Atom.Of));

    protected void Assign(string column, IEnumerable<RowReference> values) =>
        this[column] = Datum.Set(values.Select(v => v.Atom));

    protected void Assign(string column, IEnumerable<KeyValuePair<string, string>> values) =>
        this[column] = Datum.Map(values);

    protected void Assign(string column, IEnumerable<KeyValuePair<string, long>> values) =>
        this[column] = Datum.Map(values.Select(p => KeyValuePair.Create(Atom.Of(p.Key), Atom.Of(p.Value))));
}
