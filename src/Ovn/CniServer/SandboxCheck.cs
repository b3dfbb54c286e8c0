using System.Text.Json.Nodes;
using Dpf.Ovn.Annotations;
using Dpf.Runtime.Machines;

namespace Dpf.Ovn.CniServer;

/// <summary>Answers CHECK: whether a sandbox still has what its ADD gave it.</summary>
internal static class SandboxCheck
{
    /// <summary>Looks into the sandbox.</summary>
    /// <exception cref="InvalidOperationException">It has not; the message says what is missing.</exception>
    public static async Task CheckAsync(IMachine machine, CniRequest request, CancellationToken cancellation)
    {
        var state = AttachmentState.Load(machine, request.ContainerId);
        var shown = state is null ? null : await machine.RunAsync(
            new MachineCommand("ip", "-j", "addr", "show", "dev", request.InterfaceName) { NetworkNamespace = request.NetworkNamespace },
            cancellation);
        if (Missing(state, request.InterfaceName, shown is { Succeeded: true } ? shown.Output : null) is { } missing)
        {
            throw new InvalidOperationException($"pod {request.Namespace}/{request.Pod}: {missing}");
        }
    }

    /// <summary>What is missing; null when nothing is.</summary>
    /// <param name="state">What the sandbox was given; null when nothing is known of it.</param>
    /// <param name="name">The interface's name.</param>
    /// <param name="json">What <c>ip -json addr show</c> prints about it; null when it is not there.</param>
    internal static string? Missing(AttachmentState? state, string name, string? json)
    {
        if (state is null)
        {
            return "its sandbox is not known on this node; was it added by another plugin?";
        }

        if (json is null || JsonNode.Parse(json)?.AsArray().OfType<JsonObject>().FirstOrDefault(l => l["ifname"] is not null) is not { } link)
        {
            return $"its sandbox has no interface {name}";
        }

        if (PodNetwork.Parse(state.Addresses) is not { } network)
        {
            return null;
        }

        var there = (link["addr_info"] as JsonArray ?? []).Select(a => $"{(string?)a?["local"]}/{(int?)a?["prefixlen"]}").ToList();
        return network.Addresses.Select(a => a.Address.ToString()).FirstOrDefault(a => !there.Contains(a)) is { } address
                ? $"{name} does not have its address {address}"
            : !string.Equals((string?)link["address"], network.Mac, StringComparison.OrdinalIgnoreCase) ? $"{name} does not have its MAC address {network.Mac}"
            : null;
    }
}
