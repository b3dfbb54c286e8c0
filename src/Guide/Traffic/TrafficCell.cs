namespace Dpf.Guide.Traffic;

/// <summary>What a cell of the traffic matrix proves.</summary>
public enum TrafficKind
{
    /// <summary>Two pods of one worker.</summary>
    PodToPodSameWorker,

    /// <summary>Pods of two workers: through both DPUs and the fabric.</summary>
    PodToPodAcrossWorkers,

    /// <summary>A pod of the control-plane node (not offloaded) and one of a worker.</summary>
    ControlPlaneToWorker,

    /// <summary>A worker's pod and one of the control-plane node.</summary>
    WorkerToControlPlane,

    /// <summary>A pod and a service's cluster address, answered by every backend.</summary>
    PodToClusterIp,

    /// <summary>A pod and an address outside, through the discovered gateway.</summary>
    PodToOutside,
}

/// <summary>One question of the matrix: who talks to whom, and how.</summary>
/// <param name="Kind">What it proves.</param>
/// <param name="From">The asking pod, <c>ns/name</c>.</param>
/// <param name="To">What it asks, for people: a pod, a service or an address.</param>
/// <param name="Address">The address to reach.</param>
/// <param name="Port">A TCP port; null pings.</param>
/// <param name="Answers">What all must answer (backends' host names), for a service.</param>
public sealed record TrafficProbe(
    TrafficKind Kind, string From, string To, string Address, int? Port = null, IReadOnlyList<string>? Answers = null);

/// <summary>One answered cell of the matrix.</summary>
/// <param name="From">The asking pod.</param>
/// <param name="To">What it asked.</param>
/// <param name="Kind">What it proves.</param>
/// <param name="Ok">Whether it got through.</param>
/// <param name="Detail">Round-trip time, answering backends, or what went wrong.</param>
public sealed record TrafficCell(string From, string To, TrafficKind Kind, bool Ok, string Detail);
