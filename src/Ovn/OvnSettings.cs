using System.Globalization;
using Dpf.Ovn.Addressing;
using Dpf.Runtime.Addressing;
using Dpf.Runtime.Clusters;
using Dpf.Runtime.Hosting;

namespace Dpf.Ovn;

/// <summary>Where a node agent runs.</summary>
public enum NodeMode
{
    /// <summary>On a host with its own Open vSwitch and OVN.</summary>
    Full,

    /// <summary>On a host whose DPU does the networking.</summary>
    DpuHost,

    /// <summary>On the DPU.</summary>
    Dpu,
}

/// <summary>What the network's components are told by their arguments and the environment (ConfigMap <c>ovn-config</c>).</summary>
public sealed record OvnSettings
{
    private const string ServiceAccountFolder = "/var/run/secrets/kubernetes.io/serviceaccount";

    /// <summary>The cluster's networks.</summary>
    public required ClusterNetwork Network { get; init; }

    /// <summary>The API server of the cluster whose pods are connected; null for the one the component's pod runs in.</summary>
    public Uri? ApiServer { get; init; }

    /// <summary>The node; on a DPU it is learned from Open vSwitch instead.</summary>
    public string? Node { get; init; }

    /// <summary>Where the node agent runs.</summary>
    public NodeMode Mode { get; init; }

    /// <summary>The gateway's options: <c>gateway-interface</c>, <c>gateway-uplink-port</c>, <c>gateway-nexthop</c>, …</summary>
    public IReadOnlyDictionary<string, string> Gateway { get; init; } = new Dictionary<string, string>();

    /// <summary>The host's netdev for the management port (a VF), on a host with a DPU.</summary>
    public string? ManagementNetdev { get; init; }

    /// <summary>The tunnel endpoint; null to find it out.</summary>
    public IpAddress? EncapIp { get; init; }

    /// <summary>The namespace of the network's own objects in the hosts' cluster.</summary>
    public string ConfigNamespace { get; init; } = "ovn-kubernetes";

    /// <summary>How often a DPU renews its lease; zero for never.</summary>
    public TimeSpan LeaseRenewInterval { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>How long a renewal counts.</summary>
    public TimeSpan LeaseDuration { get; init; } = TimeSpan.FromSeconds(40);

    /// <summary>Reads them.</summary>
    /// <exception cref="InvalidOperationException">Something required is missing or unknown.</exception>
    /// <exception cref="FormatException">An address makes no sense.</exception>
    public static OvnSettings Read(ComponentContext context)
    {
        var server = Value(context, "k8s-apiserver", "K8S_APISERVER");
        var encap = Value(context, "encap-ip", "OVN_ENCAP_IP");
        var mtu = Value(context, "mtu", "OVN_MTU");
        return new OvnSettings
        {
            Network = Networks(context) with { Mtu = mtu is null ? 1400 : int.Parse(mtu, CultureInfo.InvariantCulture) },
            ApiServer = server is null ? null : new Uri(server),
            Node = Value(context, "init-node", "K8S_NODE") ?? Value(context, "node-name", "NODE_NAME"),
            Mode = Value(context, "ovnkube-node-mode", "OVNKUBE_NODE_MODE") switch
            {
                null or "full" => NodeMode.Full,
                "dpu-host" => NodeMode.DpuHost,
                "dpu" => NodeMode.Dpu,
                var other => throw new InvalidOperationException(
                    $"{context.Name}: OVNKUBE_NODE_MODE '{other}' is unknown; use full, dpu-host or dpu"),
            },
            Gateway = GatewayOptions(context),
            ManagementNetdev = Value(context, "ovnkube-node-mgmt-port-netdev", "OVNKUBE_NODE_MGMT_PORT_NETDEV"),
            ConfigNamespace = Value(context, "ovn-config-namespace", "OVN_CONFIG_NAMESPACE") ?? "ovn-kubernetes",
            LeaseRenewInterval = Seconds(context, "dpu-node-lease-renew-interval", "OVNKUBE_DPU_NODE_LEASE_RENEW_INTERVAL", 10),
            LeaseDuration = Seconds(context, "dpu-node-lease-duration", "OVNKUBE_DPU_NODE_LEASE_DURATION", 40),
            EncapIp = encap is null ? null : IpAddress.Parse(encap),
        };
    }

    /// <summary>A client of the cluster whose pods are connected. Network pods cannot use the service network that they make.</summary>
    public KubeClient Connect(ComponentContext context) => ApiServer is null ? context.InCluster() : new KubeClient(new KubeConnection
    {
        Server = ApiServer,
        CertificateAuthority = File.ReadAllText(context.Path(ServiceAccountFolder + "/ca.crt")),
        Token = () => File.ReadAllText(context.Path(ServiceAccountFolder + "/token")).Trim(),
        Network = context.Network,
    });

    private static string? Value(ComponentContext context, string option, string variable) =>
        context.Option(option) is { Length: > 0 } given ? given
        : context.Variable(variable) is { Length: > 0 } value ? value
        : null;

    private static TimeSpan Seconds(ComponentContext context, string option, string variable, int fallback) =>
        Value(context, option, variable) is not { } text ? TimeSpan.FromSeconds(fallback)
        : int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var seconds) ? TimeSpan.FromSeconds(seconds)
        : throw new InvalidOperationException($"{context.Name}: --{option} '{text}' is no number of seconds");

    private static ClusterNetwork Networks(ComponentContext context)
    {
        var network = ClusterNetwork.Parse(
            context.Required("cluster-subnets", "OVN_NET_CIDR"), context.Required("k8s-service-cidrs", "OVN_SVC_CIDR"));
        return network with { Families = [.. network.Families.Select(Chosen)] };

        FamilyNetwork Chosen(FamilyNetwork family)
        {
            var v = family.Family == IpFamily.V4 ? "v4" : "v6";
            return family with
            {
                Join = Range($"gateway-{v}-join-subnet", $"OVN_{v}_JOIN_SUBNET", family.Join),
                Transit = Range($"cluster-manager-{v}-transit-switch-subnet", $"OVN_{v}_TRANSIT_SWITCH_SUBNET", family.Transit),
                Masquerade = Range($"gateway-{v}-masquerade-subnet", $"OVN_{v}_MASQUERADE_SUBNET", family.Masquerade),
            };
        }

        Cidr Range(string option, string variable, Cidr fallback) =>
            Value(context, option, variable.ToUpperInvariant()) is { } given ? Cidr.Parse(given).Network : fallback;
    }

    /// <summary>The words of <c>OVN_GATEWAY_OPTS</c>, with the component's own arguments on top.</summary>
    private static Dictionary<string, string> GatewayOptions(ComponentContext context)
    {
        var options = new Dictionary<string, string>(StringComparer.Ordinal);
        var words = (context.Variable("OVN_GATEWAY_OPTS") ?? "").Split(' ', StringSplitOptions.RemoveEmptyEntries)
            .Concat(context.Arguments);
        foreach (var word in words.Where(w => w.StartsWith("--gateway-", StringComparison.Ordinal)))
        {
            var at = word.IndexOf('=', StringComparison.Ordinal);
            if (at > 0)
            {
                options[word[2..at]] = word[(at + 1)..].Trim('"');
            }
        }

        return options;
    }
}
