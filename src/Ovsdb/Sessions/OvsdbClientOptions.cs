using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;

namespace Dpf.Ovsdb.Sessions;

/// <summary>What a client follows and how it connects.</summary>
public sealed record OvsdbClientOptions
{
    /// <summary>The database, e.g. <c>OVN_Northbound</c> or <c>Open_vSwitch</c>.</summary>
    public required string Database { get; init; }

    /// <summary>Opens a connection; see <see cref="OvsdbEndpoint"/>.</summary>
    public required Func<CancellationToken, Task<Stream>> Connect { get; init; }

    /// <summary>The tables to replicate; none means every table. Those that the schema lacks are left out.</summary>
    public IReadOnlyList<ReplicatedTable> Tables { get; init; } = [];

    /// <summary>The clock.</summary>
    public TimeProvider Time { get; init; } = TimeProvider.System;

    /// <summary>The log.</summary>
    public ILogger Log { get; init; } = NullLogger.Instance;

    /// <summary>Silence after which the server is asked for a sign of life; twice that, and the connection is dropped.</summary>
    public TimeSpan InactivityProbe { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>The longest pause between two attempts to connect.</summary>
    public TimeSpan MaxBackoff { get; init; } = TimeSpan.FromSeconds(8);
}

/// <summary>A table to replicate.</summary>
/// <param name="Name">The table.</param>
/// <param name="Columns">Its columns; none means every column. Those that the schema lacks are left out.</param>
public sealed record ReplicatedTable(string Name, params IReadOnlyList<string> Columns)
{
    /// <summary>A table with all its columns.</summary>
    public static implicit operator ReplicatedTable(string name) => new(name);
}
