using Dpf.Ovsdb.Values;

namespace Dpf.Ovsdb.Replica;

/// <summary>A row as it was at one moment. Never changes; a later version is another object.</summary>
/// <param name="Table">Its table.</param>
/// <param name="Uuid">Its identifier.</param>
/// <param name="Columns">Its columns, as far as they are replicated.</param>
public sealed record Row(string Table, Guid Uuid, IReadOnlyDictionary<string, Datum> Columns)
{
    /// <summary>A column's value; empty when the column is not replicated.</summary>
    public Datum this[string column] => Columns.GetValueOrDefault(column, Datum.Empty);

    /// <summary>The first atom of a column as text; empty when there is none.</summary>
    public string Text(string column) => this[column] is { Count: > 0 } datum ? datum.Keys[0].ToString() : "";

    /// <summary>A key of <c>external_ids</c>, or null.</summary>
    public string? ExternalId(string key) => this["external_ids"].Lookup(key);
}

/// <summary>One row's change.</summary>
/// <param name="Before">The row before; null when it is new.</param>
/// <param name="After">The row now; null when it is gone.</param>
public sealed record RowChange(Row? Before, Row? After)
{
    /// <summary>The table.</summary>
    public string Table => (After ?? Before)!.Table;

    /// <summary>The row's identifier.</summary>
    public Guid Uuid => (After ?? Before)!.Uuid;
}
