using System.Text.Json;
using Dpf.Ovsdb.Schemas;
using Dpf.Ovsdb.Values;

namespace Dpf.Ovsdb.Replica;

/// <summary>Turns the server's table updates, in both of their forms, into changes against a snapshot.</summary>
internal static class TableUpdates
{
    /// <summary>The changes that make <paramref name="base"/> what the server says.</summary>
    /// <param name="updates">RFC 7047's <c>table-updates</c>, or <c>table-updates2</c>.</param>
    /// <param name="base">What the changes are relative to.</param>
    /// <param name="schema">The schema, for the columns' types.</param>
    /// <param name="replacesAll">Whether the updates are a full dump: what they do not name is gone.</param>
    public static IReadOnlyList<RowChange> Read(
        JsonElement updates, Snapshot @base, DatabaseSchema schema, bool replacesAll)
    {
        var changes = new List<RowChange>();
        var seen = new HashSet<Guid>();
        foreach (var tableJson in updates.EnumerateObject())
        {
            var table = schema.Tables[tableJson.Name];
            var rows = @base.Table(tableJson.Name);
            foreach (var rowJson in tableJson.Value.EnumerateObject())
            {
                var uuid = Guid.Parse(rowJson.Name);
                var before = rows.GetValueOrDefault(uuid);
                var after = After(uuid, before, rowJson.Value, table);
                seen.Add(uuid);
                if (before is not null || after is not null)
                {
                    changes.Add(new RowChange(before, after));
                }
            }
        }

        if (replacesAll)
        {
            changes.AddRange(@base.Tables.Values.SelectMany(t => t.Values)
                .Where(r => !seen.Contains(r.Uuid)).Select(r => new RowChange(r, null)));
        }

        return changes;
    }

    private static Row? After(Guid uuid, Row? before, JsonElement update, TableSchema table)
    {
        foreach (var part in update.EnumerateObject())
        {
            switch (part.Name)
            {
                case "initial" or "insert":
                    return new Row(table.Name, uuid, Whole(part.Value, table));
                case "modify":
                    return new Row(table.Name, uuid, Patched(before, part.Value, table));
                case "new":
                    return new Row(table.Name, uuid, Whole(part.Value, table));
                case "delete":
                    return null;
            }
        }

        return null;
    }

    private static Dictionary<string, Datum> Whole(JsonElement row, TableSchema table)
    {
        var columns = new Dictionary<string, Datum>(table.Columns.Count, StringComparer.Ordinal);
        foreach (var (name, type) in table.Columns)
        {
            columns[name] = type.Default;
        }

        foreach (var column in row.EnumerateObject())
        {
            if (table.Columns.TryGetValue(column.Name, out var type))
            {
                columns[column.Name] = Datum.Parse(column.Value, type);
            }
        }

        return columns;
    }

    private static Dictionary<string, Datum> Patched(Row? before, JsonElement row, TableSchema table)
    {
        if (before is null)
        {
            throw new InvalidDataException($"the server modified a row of {table.Name} that it never told of");
        }

        var columns = new Dictionary<string, Datum>(before.Columns, StringComparer.Ordinal);
        foreach (var column in row.EnumerateObject())
        {
            if (table.Columns.TryGetValue(column.Name, out var type))
            {
                columns[column.Name] = Difference(columns[column.Name], Datum.Parse(column.Value, type), type);
            }
        }

        return columns;
    }

    /// <summary>A scalar arrives whole; of a set the members that changed sides; of a map the pairs that are new or gone.</summary>
    private static Datum Difference(Datum old, Datum change, ColumnType type)
    {
        if (type.IsScalar)
        {
            return change;
        }

        if (type.Value is null)
        {
            var members = old.Keys.ToHashSet();
            members.SymmetricExceptWith(change.Keys);
            return Datum.Set(members);
        }

        var pairs = new Dictionary<Atom, Atom>(old.Pairs());
        foreach (var (key, value) in change.Pairs())
        {
            if (pairs.TryGetValue(key, out var was) && was == value)
            {
                pairs.Remove(key);
            }
            else
            {
                pairs[key] = value;
            }
        }

        return Datum.Map(pairs);
    }
}
