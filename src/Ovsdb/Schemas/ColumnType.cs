using System.Text.Json;
using Dpf.Ovsdb.Values;

namespace Dpf.Ovsdb.Schemas;

/// <summary>What a column may hold.</summary>
/// <param name="Key">The kind of a member, or of a map's key.</param>
/// <param name="Value">The kind of a map's value; null for anything but a map.</param>
/// <param name="Min">The least number of members.</param>
/// <param name="Max">The greatest number of members; <see cref="int.MaxValue"/> for unlimited.</param>
/// <param name="KeyTable">The table that a key of kind uuid refers to.</param>
/// <param name="ValueTable">The table that a value of kind uuid refers to.</param>
/// <param name="IsWeak">Whether the reference goes away by itself when the row it names does.</param>
public sealed record ColumnType(
    AtomKind Key, AtomKind? Value, int Min, int Max, string? KeyTable, string? ValueTable, bool IsWeak)
{
    /// <summary>What a row has in a column of this type that nobody has set.</summary>
    public Datum Default { get; } = (Value, Min) switch
    {
        ({ } value, 1) => Datum.Map([KeyValuePair.Create(Atom.Default(Key), Atom.Default(value))]),
        ({ }, _) => Datum.EmptyMap,
        (null, 1) => Datum.Of(Atom.Default(Key)),
        _ => Datum.Empty,
    };

    /// <summary>Whether it is a set of references to rows, which several writers may share.</summary>
    public bool IsReferenceSet => KeyTable is not null && Value is null && Max > 1;

    /// <summary>Whether it is a scalar or an optional scalar.</summary>
    public bool IsScalar => Value is null && Max == 1;

    /// <summary>Reads the <c>type</c> of a column's schema.</summary>
    public static ColumnType Parse(JsonElement json)
    {
        if (json.ValueKind == JsonValueKind.String)
        {
            return new ColumnType(KindOf(json.GetString()!), null, 1, 1, null, null, false);
        }

        var (key, keyTable, keyWeak) = Base(json.GetProperty("key"));
        var (value, valueTable, valueWeak) = json.TryGetProperty("value", out var v) ? Base(v) : (null, null, false);
        var min = json.TryGetProperty("min", out var minimum) ? minimum.GetInt32() : 1;
        var max = !json.TryGetProperty("max", out var maximum) ? 1
            : maximum.ValueKind == JsonValueKind.String ? int.MaxValue : maximum.GetInt32();
        return new ColumnType(key!.Value, value, min, max, keyTable, valueTable, keyWeak || valueWeak);
    }

    private static (AtomKind? Kind, string? Table, bool Weak) Base(JsonElement json)
    {
        if (json.ValueKind == JsonValueKind.String)
        {
            return (KindOf(json.GetString()!), null, false);
        }

        var table = json.TryGetProperty("refTable", out var t) ? t.GetString() : null;
        var weak = json.TryGetProperty("refType", out var r) && r.GetString() == "weak";
        return (KindOf(json.GetProperty("type").GetString()!), table, weak);
    }

    private static AtomKind KindOf(string name) => name switch
    {
        "string" => AtomKind.String,
        "integer" => AtomKind.Integer,
        "real" => AtomKind.Real,
        "boolean" => AtomKind.Boolean,
        "uuid" => AtomKind.Uuid,
        _ => throw new FormatException($"a database schema has a column of the unknown type '{name}'"),
    };
}
