namespace Dpf.Ovsdb.Rows;

/// <summary>A row set builds on a row that is not in the database (yet).</summary>
public sealed class MissingRowException(RowKey key, string owner) : Exception(
    $"{key} is not in the database, and rows of '{owner}' build on it; apply again when it is there")
{
    /// <summary>What is missing.</summary>
    public RowKey Key { get; } = key;
}
