namespace Dpf.Ovn.CniServer;

/// <summary>A pod's interface in its sandbox.</summary>
/// <param name="HostInterface">Its other end on the host; empty when that is on the DPU.</param>
public sealed record Attached(string HostInterface);

/// <summary>A way to give a pod its interface: a VF of the DPU, or a veth pair of the host's own switch.</summary>
public interface IPodAttachment
{
    /// <summary>Connects a sandbox; idempotent.</summary>
    Task<(Annotations.PodNetwork Network, Attached Attached)> AddAsync(CniRequest request, CancellationToken cancellation);

    /// <summary>Disconnects a sandbox; succeeds when there is nothing left to do.</summary>
    Task DeleteAsync(CniRequest request, CancellationToken cancellation);

    /// <summary>Cleans up after a sandbox that is known to be gone, without its pod.</summary>
    Task CollectAsync(string containerId, CancellationToken cancellation);

    /// <summary>Why pods cannot be connected at present; null when they can.</summary>
    string? NotReady { get; }
}
