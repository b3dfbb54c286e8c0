using System.Text.Json;
using System.Text.Json.Nodes;
using Dpf.Ovn.Addressing;
using Dpf.Runtime.Addressing;

namespace Dpf.Ovn.Annotations;

/// <summary>The annotations by which the parts of the network tell each other about a node; their values are JSON unless said.</summary>
public static class NodeAnnotations
{
    /// <summary>Subnets of the node's pods.</summary>
    public const string Subnets = "k8s.ovn.org/node-subnets";

    /// <summary>The node's number (plain).</summary>
    public const string Id = "k8s.ovn.org/node-id";

    /// <summary>Numbers of the networks.</summary>
    public const string NetworkIds = "k8s.ovn.org/network-ids";

    /// <summary>The zone's address on the transit switch.</summary>
    public const string Transit = "k8s.ovn.org/node-transit-switch-port-ifaddr";

    /// <summary>The gateway router's address on the join switch, a network each.</summary>
    public const string Joins = "k8s.ovn.org/node-gateway-router-lrp-ifaddrs";

    /// <summary>The same for the default network alone; older readers look here.</summary>
    public const string Join = "k8s.ovn.org/node-gateway-router-lrp-ifaddr";

    /// <summary>The node's zone (plain).</summary>
    public const string Zone = "k8s.ovn.org/zone-name";

    /// <summary>The zone has its own databases (plain; only its presence counts).</summary>
    public const string ZoneMigrated = "k8s.ovn.org/remote-zone-migrated";

    /// <summary>The OVN chassis (plain).</summary>
    public const string ChassisId = "k8s.ovn.org/node-chassis-id";

    /// <summary>The gateway's bridge, addresses and next hops.</summary>
    public const string Gateway = "k8s.ovn.org/l3-gateway-config";

    /// <summary>The gateway router's external address.</summary>
    public const string PrimaryAddress = "k8s.ovn.org/node-primary-ifaddr";

    /// <summary>The host PF's address, from which the DPU takes the gateway router's.</summary>
    public const string HostPfAddress = "k8s.ovn.org/node-primary-ifaddr-dpf";

    /// <summary>The same under the name that newer readers know.</summary>
    public const string HostPfAddressNew = "k8s.ovn.org/primary-dpu-host-addr";

    /// <summary>The host PF's MAC address (plain), for DPUs whose driver does not tell it.</summary>
    public const string HostPfMac = "dpf.nvidia.com/host-pf-mac";

    /// <summary>
    /// The host PF's own next hops, in families whose network tells them by routers' advertisements: a DPU does not hear those for its
    /// gateway.
    /// </summary>
    public const string HostPfNextHops = "dpf.nvidia.com/host-pf-next-hops";

    /// <summary>The tunnel endpoint (plain).</summary>
    public const string EncapIp = "k8s.ovn.org/encap-ip";

    /// <summary>The tunnel endpoints under the name that newer readers know.</summary>
    public const string EncapIps = "k8s.ovn.org/node-encap-ips";

    /// <summary>Every address of the host.</summary>
    public const string HostCidrs = "k8s.ovn.org/host-cidrs";

    /// <summary>Which function of the DPU the management port is.</summary>
    public const string ManagementPort = "k8s.ovn.org/node-mgmt-port";

    /// <summary>The management port's MAC address, a network each.</summary>
    public const string ManagementMacs = "k8s.ovn.org/node-mgmt-port-mac-addresses";

    /// <summary>The link-local network between host and OVN.</summary>
    public const string Masquerade = "k8s.ovn.org/node-masquerade-subnet";

    /// <summary><c>false</c> when the datapath cannot check packet sizes (plain).</summary>
    public const string GatewayMtuSupport = "k8s.ovn.org/gateway-mtu-support";

    /// <summary>What the cluster manager writes about a node.</summary>
    public static IReadOnlyDictionary<string, string> Allocation(ClusterNetwork network, IReadOnlyList<Cidr> subnets, int id)
    {
        var join = Families(network.JoinAddresses(id));
        return new Dictionary<string, string>(StringComparer.Ordinal)
        {
            [Subnets] = new JsonObject { ["default"] = List(subnets) }.ToJsonString(),
            [Id] = id.ToString(System.Globalization.CultureInfo.InvariantCulture),
            [NetworkIds] = """{"default":"0"}""",
            [Transit] = Families(network.TransitAddresses(id)).ToJsonString(),
            [Joins] = new JsonObject { ["default"] = join.DeepClone() }.ToJsonString(),
            [Join] = join.ToJsonString(),
        };
    }

    /// <summary><c>{"ipv4":"…","ipv6":"…"}</c>, with those families that there are.</summary>
    public static JsonObject Families(IEnumerable<Cidr> addresses) =>
        new(addresses.Select(a => KeyValuePair.Create(a.Family.Key, (JsonNode?)a.ToString())));

    /// <summary>Texts as a JSON list.</summary>
    public static JsonArray List<T>(IEnumerable<T> values)
        where T : struct => new([.. values.Select(v => (JsonNode?)v.ToString())]);

    /// <summary>The node's subnets, one of each family at most and IPv4 first.</summary>
    public static IReadOnlyList<Cidr> SubnetsOf(IDictionary<string, string>? annotations)
    {
        var value = Json(annotations, Subnets)?["default"];
        return
        [
            .. Cidr.ParseAll(value is JsonArray list ? list.Select(Text) : [Text(value)])
                .DistinctBy(s => s.Family).OrderBy(s => s.Family),
        ];
    }

    /// <summary>The node's number, if it has one.</summary>
    public static int? NodeId(IDictionary<string, string>? annotations) =>
        int.TryParse(Plain(annotations, Id), out var id) && id > 0 ? id : null;

    /// <summary>A <c>{"ipv4":"address/length","ipv6":"…"}</c> value, IPv4 first.</summary>
    public static IReadOnlyList<Cidr> FamilyAddresses(IDictionary<string, string>? annotations, string key) => Json(annotations, key) is { } value
        ? [.. Enum.GetValues<IpFamily>().Select(f => Cidr.ParseOrNull(Text(value[f.Key]))).OfType<Cidr>()]
        : [];

    /// <summary>The node's tunnel endpoint under either name.</summary>
    public static IpAddress? Encap(IDictionary<string, string>? annotations) =>
        IpAddress.ParseOrNull(Plain(annotations, EncapIp)) ??
        (Parse(Plain(annotations, EncapIps)) is JsonArray list ? IpAddress.ParseOrNull(Text(list.FirstOrDefault())) : null);

    /// <summary>The host's addresses.</summary>
    public static IReadOnlyList<Cidr> HostAddresses(IDictionary<string, string>? annotations) =>
        Parse(Plain(annotations, HostCidrs)) is JsonArray list
            ? [.. Cidr.ParseAll(list.Select(Text))]
            : [];

    /// <summary>The host PF's next hops.</summary>
    public static IReadOnlyList<IpAddress> HostNextHops(IDictionary<string, string>? annotations) =>
        Parse(Plain(annotations, HostPfNextHops)) is JsonArray list ? [.. IpAddress.ParseAll(list.Select(Text))] : [];

    /// <summary>The management port's MAC address.</summary>
    public static string? ManagementMac(IDictionary<string, string>? annotations) =>
        Mac(Json(annotations, ManagementMacs)?["default"]);

    /// <summary>An annotation as it is.</summary>
    public static string? Plain(IDictionary<string, string>? annotations, string key) =>
        annotations is not null && annotations.TryGetValue(key, out var value) && value.Length > 0 ? value : null;

    /// <summary>An annotation's JSON object; null when it is missing or no object.</summary>
    public static JsonObject? Json(IDictionary<string, string>? annotations, string key) => Json(Plain(annotations, key));

    /// <summary>The JSON object that a text says; null when there is none.</summary>
    public static JsonObject? Json(string? text) => Parse(text) as JsonObject;

    /// <summary>The text of a JSON string; null for anything else.</summary>
    public static string? Text(JsonNode? node) => node is JsonValue value && value.TryGetValue<string>(out var text) ? text : null;

    /// <summary>
    /// A MAC address; null for anything else. It goes into commands, flows and rows, and whoever makes a pod can write annotations.
    /// </summary>
    public static string? Mac(JsonNode? node) => Text(node) is { Length: 17 } text &&
        text.Index().All(c => c.Index % 3 == 2 ? c.Item == ':' : char.IsAsciiHexDigit(c.Item))
            ? text
            : null;

    private static JsonNode? Parse(string? text)
    {
        try
        {
            return text is null ? null : JsonNode.Parse(text, documentOptions: new JsonDocumentOptions { AllowDuplicateProperties = false });
        }
        catch (JsonException)
        {
            // Somebody's slip of the hand is as good as no annotation: its writer repairs it.
            return null;
        }
    }
}
