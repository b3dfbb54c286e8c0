using System.Text.Json.Nodes;

namespace Dpf.Scenarios.Tests.Soak;

/// <summary>
/// The rows of a northbound database as text that two databases of the same meaning share: references are replaced by what they
/// refer to, and what northd and ovn-controller report is left out.
/// </summary>
internal static class NorthboundRows
{
    private const string Socket = "unix:/run/ovn/ovnnb_db.sock";

    // Who made the database, and what was counted since.
    private static readonly HashSet<string> LeftOut = ["NB_Global", "Connection", "SSL"];
    private static readonly HashSet<string> Reported = ["_uuid", "_version", "up", "tag", "dynamic_addresses", "status", "ipsec"];

    /// <summary>The database of a machine, one row a line, in order.</summary>
    public static async Task<string> OfAsync(LabHost lab, string machine)
    {
        var schema = JsonNode.Parse(await OutputAsync(lab, machine, $"ovsdb-client --timeout=5 get-schema {Socket} OVN_Northbound"))!;
        var tables = schema["tables"]!.AsObject().Select(t => t.Key).Where(t => !LeftOut.Contains(t)).ToList();
        var operations = new JsonArray("OVN_Northbound");
        tables.ForEach(t => operations.Add((JsonNode)new JsonObject { ["op"] = "select", ["table"] = t, ["where"] = new JsonArray() }));
        var results = JsonNode.Parse(await OutputAsync(lab, machine, $"ovsdb-client --timeout=5 transact {Socket} '{operations.ToJsonString()}'"))!.AsArray();
        var rows = tables.Zip(results).SelectMany(pair => pair.Second!["rows"]!.AsArray().Select(row => (Table: pair.First, Row: row!.AsObject())))
            .ToDictionary(r => (string)r.Row["_uuid"]![1]!, StringComparer.Ordinal);
        var written = new Dictionary<string, string>(StringComparer.Ordinal);
        return string.Join('\n', rows.Keys.Select(Row).Order(StringComparer.Ordinal));

        string Row(string uuid) => written.TryGetValue(uuid, out var known) ? known : written[uuid] =
            $"{rows[uuid].Table} {{{string.Join(", ", rows[uuid].Row.Where(c => !Reported.Contains(c.Key)).OrderBy(c => c.Key, StringComparer.Ordinal).Select(c => $"{c.Key}={Value(c.Value!)}"))}}}";

        string Value(JsonNode value) => value switch
        {
            JsonArray array when (string?)array[0] is "uuid" => rows.ContainsKey((string)array[1]!) ? Row((string)array[1]!) : "gone",
            JsonArray array when (string?)array[0] is "set" => $"[{string.Join(", ", array[1]!.AsArray().Select(v => Value(v!)).Order(StringComparer.Ordinal))}]",
            JsonArray array when (string?)array[0] is "map" =>
                $"{{{string.Join(", ", array[1]!.AsArray().Select(p => $"{Value(p![0]!)}: {Value(p[1]!)}").Order(StringComparer.Ordinal))}}}",
            _ => value.ToJsonString(),
        };
    }

    private static async Task<string> OutputAsync(LabHost lab, string machine, string line)
    {
        var outcome = await lab.InMachineAsync(machine, line);
        Assert.True(outcome.ExitCode == 0, $"{machine}: {line}: {outcome}");
        return outcome.Output;
    }
}
