using System.Text.Json;
using System.Text.Json.Nodes;
using Dpf.Ovn.Addressing;

namespace Dpf.Ovn.Annotations;

/// <summary>A pod's addresses and routes as <c>k8s.ovn.org/pod-networks</c> says them.</summary>
/// <param name="Address">The address with the node subnet's prefix length.</param>
/// <param name="Mac">The MAC address.</param>
/// <param name="Gateway">The node's logical router port.</param>
/// <param name="Routes">What leads over the gateway besides the default route.</param>
public sealed record PodNetwork(Cidr Address, string Mac, Ipv4 Gateway, IReadOnlyList<Cidr> Routes)
{
    /// <summary>The annotation's key.</summary>
    public const string Annotation = "k8s.ovn.org/pod-networks";

    /// <summary>The network of a pod with an address in a node's subnet.</summary>
    public static PodNetwork Of(Cidr address, ClusterNetwork network) => new(
        address,
        address.Address.Mac,
        address.At(1),
        [.. network.Pods.Select(p => p.Network), .. network.Services, new Cidr(network.ServiceHairpin, 32), network.Join]);

    /// <summary>Reads the annotation's value; null when it is missing or broken.</summary>
    public static PodNetwork? Parse(string? value) =>
        value is null ? null : Read(new Dictionary<string, string> { [Annotation] = value });

    /// <summary>Reads the annotation; null when it is missing or broken.</summary>
    public static PodNetwork? Read(IDictionary<string, string>? annotations)
    {
        if (NodeAnnotations.Json(annotations, Annotation)?["default"] is not JsonObject value ||
            !Cidr.TryParse(NodeAnnotations.Text((value["ip_addresses"] as JsonArray)?.FirstOrDefault()), out var address) ||
            NodeAnnotations.Mac(value["mac_address"]) is not { } mac)
        {
            return null;
        }

        var gateway = Ipv4.TryParse(NodeAnnotations.Text((value["gateway_ips"] as JsonArray)?.FirstOrDefault()), out var hop)
            ? hop
            : address.At(1);
        var routes = (value["routes"] as JsonArray ?? [])
            .Select(r => Cidr.TryParse(NodeAnnotations.Text((r as JsonObject)?["dest"]), out var to) ? to : (Cidr?)null)
            .OfType<Cidr>();
        return new PodNetwork(address, mac, gateway, [.. routes]);
    }

    /// <summary>The annotation's value.</summary>
    public string Write() => new JsonObject
    {
        ["default"] = new JsonObject
        {
            ["ip_addresses"] = new JsonArray(Address.ToString()),
            ["mac_address"] = Mac,
            ["gateway_ips"] = new JsonArray(Gateway.ToString()),
            ["routes"] = new JsonArray([.. Routes.Select(r =>
                (JsonNode)new JsonObject { ["dest"] = r.ToString(), ["nextHop"] = Gateway.ToString() })]),
            ["ip_address"] = Address.ToString(),
            ["gateway_ip"] = Gateway.ToString(),
            ["role"] = "primary",
        },
    }.ToJsonString();
}

/// <summary>How the host asks its DPU to connect a pod (<c>k8s.ovn.org/dpu.connection-details</c>).</summary>
/// <param name="PfId">The PF's function number.</param>
/// <param name="VfId">The VF's index.</param>
/// <param name="SandboxId">The sandbox that it is for.</param>
/// <param name="VfNetdevName">The VF's name on the host.</param>
public sealed record ConnectionDetails(string PfId, string VfId, string SandboxId, string? VfNetdevName)
{
    /// <summary>The annotation's key.</summary>
    public const string Annotation = "k8s.ovn.org/dpu.connection-details";

    /// <summary>Reads the annotation; null when it is missing or broken.</summary>
    public static ConnectionDetails? Read(IDictionary<string, string>? annotations) =>
        NodeAnnotations.Json(annotations, Annotation)?["default"] is JsonObject value &&
        NodeAnnotations.Text(value["pfId"]) is { } pf && NodeAnnotations.Text(value["vfId"]) is { } vf &&
        NodeAnnotations.Text(value["sandboxId"]) is { } sandbox
            ? new ConnectionDetails(pf, vf, sandbox, NodeAnnotations.Text(value["vfNetdevName"]))
            : null;

    /// <summary>The annotation's value.</summary>
    public string Write()
    {
        var value = new JsonObject { ["pfId"] = PfId, ["vfId"] = VfId, ["sandboxId"] = SandboxId };
        if (VfNetdevName is not null)
        {
            value["vfNetdevName"] = VfNetdevName;
        }

        return new JsonObject { ["default"] = value }.ToJsonString();
    }
}

/// <summary>What the DPU answers (<c>k8s.ovn.org/dpu.connection-status</c>); the members' names are the annotation's keys.</summary>
/// <param name="Status"><c>Ready</c> or <c>Error</c>.</param>
/// <param name="Reason">Why not.</param>
/// <param name="SandboxId">The sandbox that the answer is about; an answer about an earlier one does not count.</param>
public sealed record ConnectionStatus(string Status, string? Reason, string? SandboxId)
{
    /// <summary>The annotation's key.</summary>
    public const string Annotation = "k8s.ovn.org/dpu.connection-status";

    /// <summary>Reads the annotation; null when it is missing or broken.</summary>
    public static ConnectionStatus? Read(IDictionary<string, string>? annotations) =>
        NodeAnnotations.Json(annotations, Annotation)?["default"] is JsonObject value &&
        NodeAnnotations.Text(value[nameof(Status)]) is { } status
            ? new ConnectionStatus(status, NodeAnnotations.Text(value[nameof(Reason)]), NodeAnnotations.Text(value[nameof(SandboxId)]))
            : null;

    /// <summary>The annotation's value.</summary>
    public string Write() => JsonSerializer.Serialize(
        new Dictionary<string, ConnectionStatus>
        {
            ["default"] = this with { Reason = Reason ?? "", SandboxId = SandboxId ?? "" },
        });
}
