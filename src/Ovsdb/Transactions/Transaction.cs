using System.Globalization;
using System.Text.Json.Nodes;
using Dpf.Ovsdb.Rows;
using Dpf.Ovsdb.Values;

namespace Dpf.Ovsdb.Transactions;

/// <summary>Operations that a database carries out together or not at all.</summary>
public sealed class Transaction
{
    private readonly List<Operation> _operations = [];

    /// <summary>How many operations.</summary>
    public int Count => _operations.Count;

    internal IReadOnlyList<Operation> Operations => _operations;

    /// <summary>Inserts a row and returns the name by which later operations refer to it.</summary>
    public Atom Insert(string table, IReadOnlyDictionary<string, Datum> columns, string? name = null)
    {
        name ??= "row" + _operations.Count.ToString(CultureInfo.InvariantCulture);
        Add("insert", table, o =>
        {
            o["row"] = Columns(columns);
            o["uuid-name"] = name;
        });
        return Atom.Named(name);
    }

    /// <summary>Inserts a typed row.</summary>
    public Atom Insert(TableRow row, string? name = null) => Insert(row.Table, row.Assigned, name);

    /// <summary>Overwrites columns of the rows that match.</summary>
    public void Update(string table, IReadOnlyDictionary<string, Datum> columns, params IReadOnlyList<Condition> where) =>
        Add("update", table, o =>
        {
            o["where"] = Where(where);
            o["row"] = Columns(columns);
        });

    /// <summary>Changes columns of the rows that match, relative to what they hold.</summary>
    public void Mutate(string table, IReadOnlyList<Mutation> mutations, params IReadOnlyList<Condition> where) =>
        Add("mutate", table, o =>
        {
            o["where"] = Where(where);
            o["mutations"] = new JsonArray([.. mutations.Select(m => m.ToJson())]);
        });

    /// <summary>Deletes the rows that match.</summary>
    public void Delete(string table, params IReadOnlyList<Condition> where) =>
        Add("delete", table, o => o["where"] = Where(where));

    /// <summary>Reads columns of the rows that match; the result holds them as JSON.</summary>
    public void Select(string table, IReadOnlyList<string>? columns = null, params IReadOnlyList<Condition> where) =>
        Add("select", table, o =>
        {
            o["where"] = Where(where);
            if (columns is not null)
            {
                o["columns"] = new JsonArray([.. columns.Select(c => JsonValue.Create(c))]);
            }
        });

    /// <summary>Lets the transaction pass only once (or while) the matching rows' columns are as given.</summary>
    public void Wait(
        string table,
        IReadOnlyList<IReadOnlyDictionary<string, Datum>> rows,
        IReadOnlyList<string> columns,
        bool equal = true,
        TimeSpan timeout = default,
        params IReadOnlyList<Condition> where) =>
        Add("wait", table, o =>
        {
            o["timeout"] = (long)timeout.TotalMilliseconds;
            o["where"] = Where(where);
            o["columns"] = new JsonArray([.. columns.Select(c => JsonValue.Create(c))]);
            o["until"] = equal ? "==" : "!=";
            o["rows"] = new JsonArray([.. rows.Select(Columns)]);
        });

    /// <summary>A remark in the database's log.</summary>
    public void Comment(string comment) => Add("comment", null, o => o["comment"] = comment);

    /// <summary>Fails the transaction unless this session owns the lock.</summary>
    public void Assert(string lockName) => Add("assert", null, o => o["lock"] = lockName);

    internal JsonArray ToJson(string database) =>
        new([JsonValue.Create(database), .. _operations.Select(o => o.Json.DeepClone())]);

    private void Add(string name, string? table, Action<JsonObject> fill)
    {
        var json = new JsonObject { ["op"] = name };
        if (table is not null)
        {
            json["table"] = table;
        }

        fill(json);
        _operations.Add(new Operation(name, table, json));
    }

    private static JsonObject Columns(IReadOnlyDictionary<string, Datum> columns) =>
        new(columns.Select(c => KeyValuePair.Create(c.Key, (JsonNode?)c.Value.ToJson())));

    private static JsonArray Where(IReadOnlyList<Condition> where) => new([.. where.Select(c => c.ToJson())]);
}

/// <param name="Name">The operation's word in RFC 7047.</param>
/// <param name="Table">The table it works on.</param>
/// <param name="Json">The operation as sent.</param>
internal sealed record Operation(string Name, string? Table, JsonObject Json);
