using System.Text.Json.Nodes;
using k8s.Models;

namespace Dpf.Guide.Traffic;

/// <summary>A node that takes part.</summary>
/// <param name="Name">Its name.</param>
/// <param name="Address">The address under which its ports are asked; null when it has none of the family that is asked for.</param>
/// <param name="ControlPlaneLabel">The label that makes it a control-plane node; null for a worker.</param>
/// <param name="ControlPlaneLabelValue">The label's value.</param>
public sealed record FlowNode(string Name, string? Address, string? ControlPlaneLabel = null, string ControlPlaneLabelValue = "")
{
    private static readonly string[] ControlPlaneLabels = ["node-role.kubernetes.io/control-plane", "node-role.kubernetes.io/master"];

    /// <summary>
    /// The nodes that the servers and the far clients run on: as told, else the first two workers that are ready, else a control-plane node
    /// as the far one.
    /// </summary>
    /// <exception cref="FormatException">No node is ready, or one that was named is not there.</exception>
    public static (FlowNode Near, FlowNode? Far) Choose(IReadOnlyList<V1Node> nodes, string? near, string? far, bool six = false)
    {
        var ready = nodes
            .Where(node => node.Spec.Unschedulable != true && node.Status?.Conditions?.Any(c => c is { Type: "Ready", Status: "True" }) == true)
            .Select(node => Of(node, six))
            .OrderBy(node => node.ControlPlaneLabel is not null).ThenBy(node => node.Name, StringComparer.Ordinal).ToList();
        var first = near is null ? ready.FirstOrDefault() ?? throw new FormatException("no node is ready") : Named(near);
        return (first, far is null ? ready.FirstOrDefault(node => node.Name != first.Name) : Named(far));

        FlowNode Named(string name) => ready.FirstOrDefault(node => node.Name == name)
            ?? throw new FormatException($"there is no ready node '{name}'; there are {string.Join(", ", ready.Select(node => node.Name))}");
    }

    private static FlowNode Of(V1Node node, bool six)
    {
        var labels = node.Metadata.Labels ?? new Dictionary<string, string>();
        var label = ControlPlaneLabels.FirstOrDefault(labels.ContainsKey);
        var address = node.Status.Addresses?.FirstOrDefault(a => a.Type == "InternalIP" && AddressText.IsSix(a.Address) == six)?.Address
            ?? (six ? Primary(node, "ipv6") : node.Metadata.Name);
        return new FlowNode(node.Metadata.Name, address, label, label is null ? "" : labels[label]);
    }

    /// <summary>The address that its node ports have in OVN-Kubernetes, whatever the node says of itself.</summary>
    private static string? Primary(V1Node node, string family) =>
        node.Metadata.Annotations?.TryGetValue("k8s.ovn.org/node-primary-ifaddr", out var json) == true
            ? ((string?)JsonNode.Parse(json)?[family])?.Split('/')[0]
            : null;
}
