namespace Dpf.Guide.Tracing;

/// <summary>What a hop is.</summary>
public enum HopKind
{
    /// <summary>A pod.</summary>
    Pod,

    /// <summary>A node or its own network.</summary>
    Host,

    /// <summary>The switch's end of a pod's virtual function.</summary>
    Representor,

    /// <summary>A logical switch.</summary>
    Switch,

    /// <summary>A logical router.</summary>
    Router,

    /// <summary>A tunnel between two machines.</summary>
    Tunnel,

    /// <summary>The bridges of a machine.</summary>
    Bridges,

    /// <summary>The wires.</summary>
    Fabric,
}

/// <summary>A station of a packet.</summary>
/// <param name="Kind">What it is.</param>
/// <param name="Machine">Where it is, e.g. <c>DPU worker1-0000-03-00</c>.</param>
/// <param name="What">Its name and ports.</param>
/// <param name="Facts">What happens to the packet there.</param>
public sealed record Hop(HopKind Kind, string Machine, string What, IReadOnlyList<string> Facts);

/// <summary>The way of a packet.</summary>
/// <param name="From">Who sends it.</param>
/// <param name="To">Where it is to go.</param>
/// <param name="Hops">Its stations.</param>
/// <param name="Drop">Where and why it goes no further; null when it arrives, or leaves for the outside.</param>
public sealed record TraceReport(string From, string To, IReadOnlyList<Hop> Hops, string? Drop);

/// <summary>A trace could not be made: what is missing, and what to do.</summary>
public sealed class TraceException(string message) : Exception(message);
