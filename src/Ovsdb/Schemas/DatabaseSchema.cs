using System.Text.Json;

namespace Dpf.Ovsdb.Schemas;

/// <summary>A database's schema, as its server answers <c>get_schema</c>.</summary>
/// <param name="Name">The database, e.g. <c>OVN_Northbound</c>.</param>
/// <param name="Version">Its schema's version.</param>
/// <param name="Tables">Its tables by name.</param>
public sealed record DatabaseSchema(string Name, string Version, IReadOnlyDictionary<string, TableSchema> Tables)
{
    /// <summary>Reads a schema.</summary>
    public static DatabaseSchema Parse(JsonElement json) => new(
        json.GetProperty("name").GetString()!,
        json.TryGetProperty("version", out var version) ? version.GetString()! : "",
        json.GetProperty("tables").EnumerateObject()
            .ToDictionary(t => t.Name, t => TableSchema.Parse(t.Name, t.Value), StringComparer.Ordinal));
}

/// <summary>One table's schema.</summary>
/// <param name="Name">The table.</param>
/// <param name="IsRoot">Whether rows live without being referenced.</param>
/// <param name="Columns">The types of its columns.</param>
/// <param name="Indexes">The sets of columns that no two rows may share.</param>
public sealed record TableSchema(
    string Name,
    bool IsRoot,
    IReadOnlyDictionary<string, ColumnType> Columns,
    IReadOnlyList<IReadOnlyList<string>> Indexes)
{
    /// <summary>Reads a table's schema.</summary>
    public static TableSchema Parse(string name, JsonElement json) => new(
        name,
        json.TryGetProperty("isRoot", out var root) && root.GetBoolean(),
        json.GetProperty("columns").EnumerateObject().ToDictionary(
            c => c.Name, c => ColumnType.Parse(c.Value.GetProperty("type")), StringComparer.Ordinal),
        json.TryGetProperty("indexes", out var indexes)
            ? [.. indexes.EnumerateArray().Select(i => (string[])[.. i.EnumerateArray().Select(c => c.GetString()!)])]
            : []);
}
