using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Text.Json;
using System.Text.Json.Nodes;
using Dpf.Ovn.Addressing;
using Dpf.Runtime.Addressing;

namespace Dpf.Ovn.Annotations;

/// <summary>A pod's address and the way from it.</summary>
/// <param name="Address">The address with the node subnet's prefix length.</param>
/// <param name="Gateway">The node's logical router port, where the default route leads.</param>
[StructLayout(LayoutKind.Auto)]
public readonly record struct PodAddress(Cidr Address, IpAddress Gateway)
{
    /// <summary>An address in a node's subnet, whose first one is the gateway.</summary>
    public static PodAddress In(Cidr address) => new(address, address.At(1));
}

/// <summary>A pod's addresses and routes as <c>k8s.ovn.org/pod-networks</c> says them.</summary>
/// <param name="Addresses">The addresses, one of each family at most and IPv4 first.</param>
/// <param name="Mac">The MAC address.</param>
/// <param name="Routes">What leads over the gateway of its family besides the default route.</param>
public sealed record PodNetwork(IReadOnlyList<PodAddress> Addresses, string Mac, IReadOnlyList<Cidr> Routes)
{
    /// <summary>The annotation's key.</summary>
    public const string Annotation = "k8s.ovn.org/pod-networks";

    private static readonly ConditionalWeakTable<string, Reading> Known = [];

    /// <summary>The addresses without their lengths.</summary>
    public IEnumerable<IpAddress> Ips => Addresses.Select(a => a.Address.Address);

    /// <summary>The routes with their next hops.</summary>
    public IEnumerable<(Cidr To, IpAddress Via)> Ways =>
        from route in Routes
        from address in Addresses
        where address.Address.Family == route.Family
        select (route, address.Gateway);

    /// <summary>The network of a pod with addresses in a node's subnets.</summary>
    public static PodNetwork Of(IReadOnlyList<Cidr> addresses, ClusterNetwork network) => new(
        [.. addresses.Select(PodAddress.In)],
        addresses[0].Address.Mac,
        [
            .. addresses.Select(a => network.Of(a.Family)).OfType<FamilyNetwork>()
                .SelectMany(f => (Cidr[])[.. f.Pods.Select(p => p.Network), .. f.Services, f.ServiceHairpin.Alone, f.Join]),
        ]);

    /// <summary>Reads the annotation; null when it is missing or broken.</summary>
    public static PodNetwork? Read(IDictionary<string, string>? annotations) => Parse(NodeAnnotations.Plain(annotations, Annotation));

    /// <summary>
    /// Reads the annotation's value; null when it is missing or broken. A text is read once: watched pods keep theirs until they
    /// change, and every pass over them asks again.
    /// </summary>
    public static PodNetwork? Parse(string? value) =>
        value is null ? null : Known.GetValue(value, static text => new Reading(ParseAnew(text))).Network;

    private static PodNetwork? ParseAnew(string text)
    {
        if (NodeAnnotations.Json(text)?["default"] is not JsonObject value ||
            Cidr.ParseAll((value["ip_addresses"] as JsonArray ?? []).Select(NodeAnnotations.Text)).ToList() is not { Count: > 0 } addresses ||
            NodeAnnotations.Mac(value["mac_address"]) is not { } mac)
        {
            return null;
        }

        var gateways = IpAddress.ParseAll((value["gateway_ips"] as JsonArray ?? []).Select(NodeAnnotations.Text)).ToList();
        var routes = Cidr.ParseAll((value["routes"] as JsonArray ?? []).Select(r => NodeAnnotations.Text((r as JsonObject)?["dest"])));
        return new PodNetwork(
            [
                .. addresses.DistinctBy(a => a.Family).OrderBy(a => a.Family)
                    .Select(a => new PodAddress(a, gateways.Where(g => g.Family == a.Family).Append(a.At(1)).First())),
            ],
            mac,
            [.. routes]);
    }

    /// <summary>The annotation's value.</summary>
    public string Write()
    {
        var value = new JsonObject
        {
            ["ip_addresses"] = NodeAnnotations.List(Addresses.Select(a => a.Address)),
            ["mac_address"] = Mac,
            ["gateway_ips"] = NodeAnnotations.List(Addresses.Select(a => a.Gateway)),
            ["routes"] = new JsonArray(
                [.. Ways.Select(w => (JsonNode)new JsonObject { ["dest"] = w.To.ToString(), ["nextHop"] = w.Via.ToString() })]),
        };
        if (Addresses is [var only])
        {
            value["ip_address"] = only.Address.ToString();
            value["gateway_ip"] = only.Gateway.ToString();
        }

        value["role"] = "primary";
        return new JsonObject { ["default"] = value }.ToJsonString();
    }

    private sealed record Reading(PodNetwork? Network);
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
