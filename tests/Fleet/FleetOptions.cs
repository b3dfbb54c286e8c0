using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;

namespace Dpf.Fleet;

/// <summary>How large a fleet is, and how its world behaves.</summary>
internal sealed record FleetOptions
{
    /// <summary>How many DPUs there are.</summary>
    public required int Dpus { get; init; }

    /// <summary>How many of them are in one host.</summary>
    public int DpusPerHost { get; init; } = 1;

    /// <summary>How many DPU clusters they join, each with room for its part and no more.</summary>
    public int Clusters { get; init; } = 1;

    /// <summary>How long a card takes to install a system.</summary>
    public TimeSpan Installation { get; init; } = TimeSpan.Zero;

    /// <summary>How often the command that restarts a host loses its connection, as a probability.</summary>
    public double LostAnswers { get; init; }

    /// <summary>Where chance comes from.</summary>
    public int Seed { get; init; } = 1;

    /// <summary>The clock of everything but the hardware's certificates.</summary>
    public TimeProvider Time { get; init; } = TimeProvider.System;

    /// <summary>Where everything logs.</summary>
    public ILoggerFactory Loggers { get; init; } = NullLoggerFactory.Instance;
}
