using System.Text.Json.Nodes;
using Dpf.Ovsdb.Values;

namespace Dpf.Ovsdb.Transactions;

/// <summary>One clause of a <c>where</c>.</summary>
/// <param name="Column">The column.</param>
/// <param name="Function">One of <c>&lt; &lt;= == != &gt;= &gt; includes excludes</c>.</param>
/// <param name="Value">What it is compared with.</param>
public sealed record Condition(string Column, string Function, Datum Value)
{
    /// <summary>The row with this identifier.</summary>
    public static Condition Is(Guid uuid) => new("_uuid", "==", uuid);

    /// <summary>Rows whose column equals the value.</summary>
    public static Condition Equal(string column, Datum value) => new(column, "==", value);

    /// <summary>Rows whose column includes the value.</summary>
    public static Condition Includes(string column, Datum value) => new(column, "includes", value);

    internal JsonNode ToJson() => new JsonArray(Column, Function, Value.ToJson());
}

/// <summary>One change of a <c>mutate</c>.</summary>
/// <param name="Column">The column.</param>
/// <param name="Mutator">One of <c>+= -= *= /= %= insert delete</c>.</param>
/// <param name="Value">The operand.</param>
public sealed record Mutation(string Column, string Mutator, Datum Value)
{
    /// <summary>Adds members or pairs.</summary>
    public static Mutation Insert(string column, Datum value) => new(column, "insert", value);

    /// <summary>Removes members, pairs, or a map's keys.</summary>
    public static Mutation Delete(string column, Datum value) => new(column, "delete", value);

    internal JsonNode ToJson() => new JsonArray(Column, Mutator, Value.ToJson());
}
