using System.Text.Json;

namespace Dpf.Ovsdb.Transactions;

/// <summary>What a transaction that was carried out brought, one result an operation.</summary>
public sealed record TransactionResult(IReadOnlyList<OperationResult> Operations)
{
    internal static TransactionResult Parse(JsonElement json, Transaction transaction)
    {
        var replies = json.EnumerateArray().ToArray();
        for (var i = 0; i < replies.Length; i++)
        {
            // A null stands for an operation that was not tried because an earlier one failed; an entry after the last
            // operation is an error of the commit.
            if (replies[i].ValueKind == JsonValueKind.Object && replies[i].TryGetProperty("error", out var error) &&
                error.ValueKind != JsonValueKind.Null)
            {
                var operation = i < transaction.Count ? transaction.Operations[i] : null;
                var details = replies[i].TryGetProperty("details", out var d) ? d.GetString() : null;
                throw new TransactionException(i, operation?.Name, operation?.Table, error.GetString()!, details ?? "");
            }
        }

        return new TransactionResult([.. replies.Take(transaction.Count).Select(OperationResult.Parse)]);
    }
}

/// <summary>What one operation brought.</summary>
/// <param name="Uuid">The identifier of the row that an <c>insert</c> made.</param>
/// <param name="Count">How many rows an <c>update</c>, <c>mutate</c> or <c>delete</c> touched.</param>
/// <param name="Rows">What a <c>select</c> read.</param>
public sealed record OperationResult(Guid? Uuid, int Count, IReadOnlyList<JsonElement> Rows)
{
    internal static OperationResult Parse(JsonElement json)
    {
        if (json.ValueKind != JsonValueKind.Object)
        {
            return new OperationResult(null, 0, []);
        }

        return new OperationResult(
            json.TryGetProperty("uuid", out var uuid) ? uuid[1].GetGuid() : null,
            json.TryGetProperty("count", out var count) ? count.GetInt32() : 0,
            json.TryGetProperty("rows", out var rows) ? [.. rows.EnumerateArray().Select(r => r.Clone())] : []);
    }
}

/// <summary>A transaction was refused as a whole; nothing of it happened.</summary>
public sealed class TransactionException(int index, string? operation, string? table, string error, string details)
    : Exception(
        operation is null
            ? $"the database refused to commit: {error}: {details}"
            : $"operation {index} ({operation}{(table is null ? "" : " on " + table)}) failed: {error}: {details}")
{
    /// <summary>Which operation failed, from 0; the number of operations when the commit did.</summary>
    public int Index { get; } = index;

    /// <summary>Its table.</summary>
    public string? Table { get; } = table;

    /// <summary>The error's name in RFC 7047, e.g. <c>constraint violation</c>.</summary>
    public string Error { get; } = error;

    /// <summary>What the server says about it.</summary>
    public string Details { get; } = details;
}
