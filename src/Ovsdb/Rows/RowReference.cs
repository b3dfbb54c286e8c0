using Dpf.Ovsdb.Values;

namespace Dpf.Ovsdb.Rows;

/// <summary>The logical key of a row in a row set: stays the same while identifiers come and go.</summary>
/// <param name="Table">The table.</param>
/// <param name="Key">The key; a child's begins with its parent's.</param>
public sealed record RowKey(string Table, string Key)
{
    /// <inheritdoc />
    public override string ToString() => $"{Table}/{Key}";
}

/// <summary>A reference to a row: by identifier (all that reading gives) or by logical key (what a row set may use).</summary>
public readonly record struct RowReference(Atom Atom)
{
    /// <summary>The identifier; empty for a logical key.</summary>
    public Guid Uuid => Atom.Uuid;

    /// <summary>The row with this identifier.</summary>
    public static implicit operator RowReference(Guid uuid) => new(Values.Atom.Of(uuid));

    /// <summary>The row with this logical key.</summary>
    public static implicit operator RowReference(RowKey key) => new(Values.Atom.Of(key));

    /// <summary>The row that an <c>insert</c> of the same transaction makes.</summary>
    public static implicit operator RowReference(Atom atom) => new(atom);
}
