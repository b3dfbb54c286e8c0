using Dpf.Ovn.Annotations;
using Dpf.Runtime.Machines;
using Dpf.Runtime.Netlink;

namespace Dpf.Ovn.CniServer;

/// <summary>Answers CHECK: whether a sandbox still has what its ADD gave it.</summary>
internal static class SandboxCheck
{
    /// <summary>Looks into the sandbox.</summary>
    /// <exception cref="InvalidOperationException">It has not; the message says what is missing.</exception>
    public static void Check(IMachine machine, CniRequest request)
    {
        var state = AttachmentState.Load(machine, request.ContainerId);
        var link = state is not null && request.NetworkNamespace is { } sandbox && File.Exists(machine.Path(sandbox))
            ? new KernelNetwork(machine, sandbox).Find(request.InterfaceName)
            : null;
        if (Missing(state, request.InterfaceName, link) is { } missing)
        {
            throw new InvalidOperationException($"pod {request.Namespace}/{request.Pod}: {missing}");
        }
    }

    /// <summary>What is missing; null when nothing is.</summary>
    /// <param name="state">What the sandbox was given; null when nothing is known of it.</param>
    /// <param name="name">The interface's name.</param>
    /// <param name="link">The interface; null when it is not there.</param>
    internal static string? Missing(AttachmentState? state, string name, Link? link)
    {
        if (state is null)
        {
            return "its sandbox is not known on this node; was it added by another plugin?";
        }

        if (link is null)
        {
            return $"its sandbox has no interface {name}";
        }

        if (PodNetwork.Parse(state.Addresses) is not { } network)
        {
            return null;
        }

        var lost = network.Addresses.Where(a => !link.Addresses.Contains(a.Address)).ToList();
        return lost.Count > 0 ? $"{name} does not have its address {lost[0].Address}"
            : link.Mac != network.Mac ? $"{name} does not have its MAC address {network.Mac}"
            : null;
    }
}
