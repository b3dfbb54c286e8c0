using System.Collections.Immutable;
using System.Text.Json;
using System.Text.Json.Nodes;
using Dpf.Ovsdb.Schemas;

namespace Dpf.Ovsdb.Values;

/// <summary>
/// The value of one column: a set of atoms, or a map of atoms to atoms. A scalar is a set of one and an absent optional
/// a set of none, as the database itself sees it. Immutable, sorted, equal by content.
/// </summary>
public sealed class Datum : IEquatable<Datum>
{
    private Datum(ImmutableArray<Atom> keys, ImmutableArray<Atom> values)
    {
        Keys = keys;
        Values = values;
    }

    /// <summary>The empty set.</summary>
    public static Datum Empty { get; } = new([], default);

    /// <summary>The empty map.</summary>
    public static Datum EmptyMap { get; } = new([], []);

    /// <summary>The members of the set, or the keys of the map; sorted.</summary>
    public ImmutableArray<Atom> Keys { get; }

    /// <summary>The values of the map beside <see cref="Keys"/>; default for a set.</summary>
    public ImmutableArray<Atom> Values { get; }

    /// <summary>Whether it is a map.</summary>
    public bool IsMap => !Values.IsDefault;

    /// <summary>How many members or pairs.</summary>
    public int Count => Keys.Length;

    /// <summary>One atom.</summary>
    public static Datum Of(Atom atom) => new([atom], default);

    /// <summary>A set; duplicates fall together.</summary>
    public static Datum Set(IEnumerable<Atom> atoms) => new([.. atoms.Distinct().Order()], default);

    /// <summary>A map; the last of two equal keys wins.</summary>
    public static Datum Map(IEnumerable<KeyValuePair<Atom, Atom>> pairs)
    {
        List<KeyValuePair<Atom, Atom>> all = [.. pairs];
        if (!IsSorted(all))
        {
            // A stable order: of equal keys the last comes last.
            var ordered = all.OrderBy(p => p.Key).ToList();
            all = [.. ordered.Where((p, at) => at + 1 == ordered.Count || ordered[at + 1].Key != p.Key)];
        }

        return new Datum([.. all.Select(p => p.Key)], [.. all.Select(p => p.Value)]);
    }

    /// <summary>A map of strings.</summary>
    public static Datum Map(IEnumerable<KeyValuePair<string, string>> pairs) =>
        Map(pairs.Select(p => KeyValuePair.Create(Atom.Of(p.Key), Atom.Of(p.Value))));

    /// <summary>The pairs of a map.</summary>
    public IEnumerable<KeyValuePair<Atom, Atom>> Pairs()
    {
        for (var i = 0; IsMap && i < Keys.Length; i++)
        {
            yield return KeyValuePair.Create(Keys[i], Values[i]);
        }
    }

    /// <summary>Whether it names a row by its logical key anywhere.</summary>
    public bool HasLogicalKeys => Keys.Any(k => k.Kind == AtomKind.Key) || (IsMap && Values.Any(v => v.Kind == AtomKind.Key));

    /// <summary>The value of a map's string key, or null.</summary>
    public string? Lookup(string key)
    {
        var at = IsMap ? Keys.BinarySearch(Atom.Of(key)) : -1;
        return at < 0 ? null : Values[at].ToString();
    }

    /// <summary>Whether the set, or the map's keys, hold <paramref name="atom"/>.</summary>
    public bool Contains(Atom atom) => Keys.BinarySearch(atom) >= 0;

    /// <summary>Reads a column's value.</summary>
    public static Datum Parse(JsonElement json, ColumnType type)
    {
        if (type.Value is { } valueKind)
        {
            return Map(json[1].EnumerateArray()
                .Select(p => KeyValuePair.Create(Atom.Parse(p[0], type.Key), Atom.Parse(p[1], valueKind))));
        }

        var isSet = json.ValueKind == JsonValueKind.Array && json[0].GetString() == "set";
        return isSet
            ? Set(json[1].EnumerateArray().Select(a => Atom.Parse(a, type.Key)))
            : Of(Atom.Parse(json, type.Key));
    }

    /// <summary>As RFC 7047 writes it.</summary>
    public JsonNode ToJson()
    {
        if (IsMap)
        {
            return new JsonArray("map", new JsonArray(
                [.. Pairs().Select(p => new JsonArray(p.Key.ToJson(), p.Value.ToJson()))]));
        }

        return Keys.Length == 1
            ? Keys[0].ToJson()
            : new JsonArray("set", new JsonArray([.. Keys.Select(k => k.ToJson())]));
    }

    /// <summary>The value with every atom replaced by what <paramref name="change"/> makes of it.</summary>
    public Datum Select(Func<Atom, Atom> change) => IsMap
        ? Map(Pairs().Select(p => KeyValuePair.Create(change(p.Key), change(p.Value))))
        : Set(Keys.Select(change));

    /// <summary>The value as a column of <paramref name="type"/> holds it: maps stay maps, a missing scalar is its default.</summary>
    public Datum As(ColumnType type)
    {
        if (Count == 0)
        {
            return type.Default;
        }

        return type.Key == AtomKind.Real && Keys[0].Kind == AtomKind.Integer ? Select(a => Atom.Of(a.Real)) : this;
    }

    private static bool IsSorted(List<KeyValuePair<Atom, Atom>> pairs)
    {
        for (var at = 1; at < pairs.Count; at++)
        {
            if (pairs[at - 1].Key >= pairs[at].Key)
            {
                return false;
            }
        }

        return true;
    }

    /// <inheritdoc />
    public bool Equals(Datum? other) =>
        other is not null && Keys.AsSpan().SequenceEqual(other.Keys.AsSpan()) &&
        (Count == 0 || (IsMap == other.IsMap && (!IsMap || Values.AsSpan().SequenceEqual(other.Values.AsSpan()))));

    /// <inheritdoc />
    public override bool Equals(object? obj) => Equals(obj as Datum);

    /// <inheritdoc />
    public override int GetHashCode()
    {
        var hash = new HashCode();
        foreach (var key in Keys)
        {
            hash.Add(key);
        }

        return hash.ToHashCode();
    }

    /// <inheritdoc />
    public override string ToString() => IsMap
        ? "{" + string.Join(", ", Pairs().Select(p => $"{p.Key}={p.Value}")) + "}"
        : Count == 1 ? Keys[0].ToString() : "[" + string.Join(", ", Keys) + "]";

    public static implicit operator Datum(string text) => Of(Atom.Of(text));

    public static implicit operator Datum(long integer) => Of(Atom.Of(integer));

    public static implicit operator Datum(bool boolean) => Of(Atom.Of(boolean));

    public static implicit operator Datum(Guid uuid) => Of(Atom.Of(uuid));

    public static implicit operator Datum(Atom atom) => Of(atom);

    public static implicit operator Datum(string[] texts) => Set(texts.Select(Atom.Of));

    public static implicit operator Datum(Dictionary<string, string> map) => Map(map);
}
