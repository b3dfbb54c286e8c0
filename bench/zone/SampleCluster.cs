using System.Globalization;
using Dpf.Ovn.Zone.Planning;
using k8s.Models;

namespace Dpf.ZoneBench;

/// <summary>A cluster of any size: nodes with 250 pods each, services with two endpoints each.</summary>
internal static class SampleCluster
{
    private const int PodsOfNode = 250;

    public static ClusterObjects Of(int services, int pods) => new()
    {
        Nodes = [.. Enumerable.Range(0, Math.Max(2, pods / PodsOfNode)).Select(Node)],
        Pods = [.. Enumerable.Range(0, pods).Select(Pod)],
        Services = [.. Enumerable.Range(0, services).Select(Service)],
        Endpoints = [.. Enumerable.Range(0, services).Select(s => Endpoints(s, s % Math.Max(1, pods), (s + 1) % Math.Max(1, pods)))],
    };

    public static V1Pod Pod(int number)
    {
        var (node, index) = (number / PodsOfNode, number % PodsOfNode);
        var (address, gateway) = (Text($"10.{128 + (node / 256)}.{node % 256}.{index + 3}"), Text($"10.{128 + (node / 256)}.{node % 256}.1"));
        return new V1Pod
        {
            Metadata = new V1ObjectMeta
            {
                Name = Text($"pod-{number}"), NamespaceProperty = "default", Uid = Text($"pod-{number}"),
                Annotations = new Dictionary<string, string>
                {
                    ["k8s.ovn.org/pod-networks"] =
                        $$$"""{"default":{"ip_addresses":["{{{address}}}/24"],"mac_address":"{{{Mac(node, index + 3)}}}","gateway_ips":["{{{gateway}}}"],"ip_address":"{{{address}}}/24","gateway_ip":"{{{gateway}}}"}}""",
                },
            },
            Spec = new V1PodSpec { NodeName = Text($"worker{node}"), Containers = [] },
            Status = new V1PodStatus { Phase = "Running", PodIP = address },
        };
    }

    public static V1EndpointSlice Endpoints(int service, params int[] pods) => new()
    {
        Metadata = new V1ObjectMeta
        {
            Name = Text($"service-{service}-x"), NamespaceProperty = "default",
            Labels = new Dictionary<string, string> { ["kubernetes.io/service-name"] = Text($"service-{service}") },
        },
        AddressType = "IPv4",
        Ports = [new Discoveryv1EndpointPort { Name = "", Port = 8080, Protocol = "TCP" }],
        Endpoints =
        [
            .. pods.Select(Pod).Select(p => new V1Endpoint
            {
                Addresses = [p.Status.PodIP], NodeName = p.Spec.NodeName, Conditions = new V1EndpointConditions { Ready = true },
            }),
        ],
    };

    private static V1Node Node(int number) => new()
    {
        Metadata = new V1ObjectMeta
        {
            Name = Text($"worker{number}"),
            Annotations = new Dictionary<string, string>
            {
                ["k8s.ovn.org/node-subnets"] = Text($$"""{"default":["10.{{128 + (number / 256)}}.{{number % 256}}.0/24"]}"""),
                ["k8s.ovn.org/node-id"] = Text($"{number + 2}"),
                ["k8s.ovn.org/node-chassis-id"] = Text($"chassis-{number}"),
                ["k8s.ovn.org/l3-gateway-config"] = Gateway(number, Text($"172.16.{number / 250}.{(number % 250) + 1}/16")),
            },
        },
    };

    private static string Gateway(int node, string address) =>
        $$$"""{"default":{"mode":"shared","bridge-id":"br-ovn","interface-id":"br-ovn_worker{{{node}}}","mac-address":"0a:00:00:00:00:01","ip-addresses":["{{{address}}}"],"ip-address":"{{{address}}}","next-hops":["172.16.255.254"],"next-hop":"172.16.255.254","node-port-enable":"true","vlan-id":"0"}}""";

    private static V1Service Service(int number) => new()
    {
        Metadata = new V1ObjectMeta { Name = Text($"service-{number}"), NamespaceProperty = "default" },
        Spec = new V1ServiceSpec
        {
            Type = "ClusterIP", ClusterIP = Address(number), ClusterIPs = [Address(number)],
            Ports = [new V1ServicePort { Name = "", Port = 80, TargetPort = 8080, Protocol = "TCP" }],
        },
    };

    private static string Address(int service) => Text($"10.96.{service / 250}.{(service % 250) + 1}");

    private static string Mac(int node, int host) => Text($"0a:58:0a:{128 + (node / 256):x2}:{node % 256:x2}:{host:x2}");

    private static string Text(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);
}
