namespace Dpf.Guide.Traffic;

/// <summary>How a case ended.</summary>
public enum FlowOutcome
{
    /// <summary>As it should.</summary>
    Ok,

    /// <summary>Not as it should.</summary>
    Failed,

    /// <summary>It could not be asked here.</summary>
    Skipped,
}

/// <summary>A case with what was measured.</summary>
/// <param name="Case">The case.</param>
/// <param name="Outcome">How it ended.</param>
/// <param name="From">The pod that asked.</param>
/// <param name="To">The address that was asked.</param>
/// <param name="Detail">What went wrong, or is worth knowing.</param>
/// <param name="Latency">The shortest time of a TCP handshake, or of a ping where there is no server.</param>
/// <param name="BitsPerSecond">What a single TCP connection carried.</param>
/// <param name="Offload">Where the packets were seen; null where no DPU is involved.</param>
public sealed record FlowResult(
    FlowCase Case, FlowOutcome Outcome, string From, string To, string Detail, TimeSpan? Latency = null, double? BitsPerSecond = null,
    OffloadProof? Offload = null);

/// <summary>Where the payload of a case was seen, on the node of one of its pods.</summary>
/// <param name="Node">The node.</param>
/// <param name="Payload">The bytes that were sent.</param>
/// <param name="Host">The bytes that the interfaces of the node's own network counted meanwhile.</param>
/// <param name="Representor">The bytes that the software switch of the DPU saw at the pod's representor.</param>
/// <param name="Hardware">The bytes that the DPU's hardware counted for the pod's function; null where it does not say.</param>
public sealed record OffloadProof(string Node, long Payload, long Host, long Representor, long? Hardware)
{
    // Of the payload: what goes by beside it, as the kubelet's and the API server's own traffic.
    private const double Tolerance = 0.1;

    /// <summary>Whether the node's own network carried none of it.</summary>
    public bool PastHost => Host < Payload * Tolerance;

    /// <summary>Whether the DPU carried it: <c>hardware</c>, <c>software</c>, or null when nobody counted it.</summary>
    public string? By =>
        Hardware >= Payload && Representor < Payload * Tolerance ? "hardware"
        : Representor >= Payload ? "software"
        : null;

    /// <summary>Whether it is proven that the DPU carried it past the host.</summary>
    public bool IsOffloaded => PastHost && By is not null;
}
