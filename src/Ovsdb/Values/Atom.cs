using System.Globalization;
using System.Text.Json;
using System.Text.Json.Nodes;
using Dpf.Ovsdb.Rows;

namespace Dpf.Ovsdb.Values;

/// <summary>What an <see cref="Atom"/> holds.</summary>
public enum AtomKind
{
    /// <summary>Text.</summary>
    String,

    /// <summary>A 64-bit integer.</summary>
    Integer,

    /// <summary>A floating-point number.</summary>
    Real,

    /// <summary>A truth value.</summary>
    Boolean,

    /// <summary>The identifier of a row.</summary>
    Uuid,

    /// <summary>The name that an <c>insert</c> of the same transaction gave its row.</summary>
    NamedUuid,

    /// <summary>A row named by its logical key; only a row set holds such atoms, planning resolves them.</summary>
    Key,
}

/// <summary>One value of RFC 7047's <c>&lt;atom&gt;</c>, ordered and comparable so that sets have one canonical form.</summary>
public readonly struct Atom : IEquatable<Atom>, IComparable<Atom>
{
    private readonly object? _object;
    private readonly long _bits;

    private Atom(AtomKind kind, object? value, long bits)
    {
        Kind = kind;
        _object = value;
        _bits = bits;
    }

    /// <summary>What it holds.</summary>
    public AtomKind Kind { get; }

    /// <summary>The text of a string or of a named uuid.</summary>
    public string Text => _object as string ?? "";

    /// <summary>The integer.</summary>
    public long Integer => Kind == AtomKind.Real ? (long)Real : _bits;

    /// <summary>The number.</summary>
    public double Real => Kind == AtomKind.Real ? BitConverter.Int64BitsToDouble(_bits) : _bits;

    /// <summary>The truth value.</summary>
    public bool Boolean => _bits != 0;

    /// <summary>The row identifier.</summary>
    public Guid Uuid => _object is Guid uuid ? uuid : Guid.Empty;

    /// <summary>The logical key.</summary>
    public RowKey? Key => _object as RowKey;

    /// <summary>Text.</summary>
    public static Atom Of(string text) => new(AtomKind.String, text, 0);

    /// <summary>An integer.</summary>
    public static Atom Of(long integer) => new(AtomKind.Integer, null, integer);

    /// <summary>A number.</summary>
    public static Atom Of(double real) => new(AtomKind.Real, null, BitConverter.DoubleToInt64Bits(real));

    /// <summary>A truth value.</summary>
    public static Atom Of(bool boolean) => new(AtomKind.Boolean, null, boolean ? 1 : 0);

    /// <summary>A row identifier.</summary>
    public static Atom Of(Guid uuid) => new(AtomKind.Uuid, uuid, 0);

    /// <summary>The row that an <c>insert</c> of the same transaction named <paramref name="name"/>.</summary>
    public static Atom Named(string name) => new(AtomKind.NamedUuid, name, 0);

    /// <summary>A row of a row set by its logical key.</summary>
    public static Atom Of(RowKey key) => new(AtomKind.Key, key, 0);

    /// <summary>The value that RFC 7047 gives a column which was not set.</summary>
    public static Atom Default(AtomKind kind) => kind switch
    {
        AtomKind.String => Of(""),
        AtomKind.Real => Of(0d),
        AtomKind.Uuid => Of(Guid.Empty),
        _ => new Atom(kind, null, 0),
    };

    /// <summary>Reads an atom whose column says that it is a <paramref name="kind"/>.</summary>
    public static Atom Parse(JsonElement json, AtomKind kind) => kind switch
    {
        AtomKind.String => Of(json.GetString()!),
        AtomKind.Integer => Of(json.GetInt64()),
        AtomKind.Real => Of(json.GetDouble()),
        AtomKind.Boolean => Of(json.GetBoolean()),
        _ => json[0].GetString() == "uuid" ? Of(json[1].GetGuid()) : Named(json[1].GetString()!),
    };

    /// <summary>As RFC 7047 writes it.</summary>
    public JsonNode ToJson() => Kind switch
    {
        AtomKind.String => JsonValue.Create(Text),
        AtomKind.Integer => JsonValue.Create(_bits),
        AtomKind.Real => JsonValue.Create(Real),
        AtomKind.Boolean => JsonValue.Create(Boolean),
        AtomKind.Uuid => new JsonArray("uuid", Uuid.ToString()),
        AtomKind.NamedUuid => new JsonArray("named-uuid", Text),
        _ => throw new InvalidOperationException($"{Key} is a logical key and was not resolved to a row before writing"),
    };

    /// <inheritdoc />
    public int CompareTo(Atom other)
    {
        if (Kind != other.Kind)
        {
            return Kind.CompareTo(other.Kind);
        }

        return Kind switch
        {
            AtomKind.String or AtomKind.NamedUuid => string.CompareOrdinal(Text, other.Text),
            AtomKind.Real => Real.CompareTo(other.Real),
            AtomKind.Uuid => Uuid.CompareTo(other.Uuid),
            AtomKind.Key => string.CompareOrdinal(Key!.ToString(), other.Key!.ToString()),
            _ => _bits.CompareTo(other._bits),
        };
    }

    /// <inheritdoc />
    public bool Equals(Atom other) => Kind == AtomKind.String
        ? other.Kind == AtomKind.String && string.Equals(Text, other.Text, StringComparison.Ordinal)
        : CompareTo(other) == 0;

    /// <inheritdoc />
    public override bool Equals(object? obj) => obj is Atom other && Equals(other);

    /// <inheritdoc />
    public override int GetHashCode() => HashCode.Combine(Kind, _object, _bits);

    /// <inheritdoc />
    public override string ToString() => Kind switch
    {
        AtomKind.Integer => _bits.ToString(CultureInfo.InvariantCulture),
        AtomKind.Real => Real.ToString(CultureInfo.InvariantCulture),
        AtomKind.Boolean => Boolean ? "true" : "false",
        _ => _object?.ToString() ?? "",
    };

    public static bool operator ==(Atom left, Atom right) => left.Equals(right);

    public static bool operator !=(Atom left, Atom right) => !left.Equals(right);

    public static bool operator <(Atom left, Atom right) => left.CompareTo(right) < 0;

    public static bool operator >(Atom left, Atom right) => left.CompareTo(right) > 0;

    public static bool operator <=(Atom left, Atom right) => left.CompareTo(right) <= 0;

    public static bool operator >=(Atom left, Atom right) => left.CompareTo(right) >= 0;
}
