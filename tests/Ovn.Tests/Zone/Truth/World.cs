using Dpf.Ovn.Annotations;
using Dpf.Ovn.Zone.Planning;
using Dpf.Runtime.Addressing;
using k8s.Models;

namespace Dpf.Ovn.Tests.Zone.Truth;

/// <summary>Three namespaces of three pods each: in every one <c>a</c> and <c>b</c> on worker1, <c>c</c> on worker2.</summary>
internal static class World
{
    public static readonly string[] Spaces = ["x", "y", "z"];

    public static readonly V1Node[] Nodes = [Node("worker1", 2, Sample.Worker1), Node("worker2", 3, Sample.Worker2)];

    public static readonly V1Namespace[] Namespaces =
        [.. Spaces.Select(s => new V1Namespace { Metadata = new V1ObjectMeta { Name = s, Labels = Labels(("ns", s)) } })];

    /// <summary>Pod <c>a</c> calls its port 81 "web", the others their port 80.</summary>
    public static readonly V1Pod[] Pods =
    [
        .. Spaces.SelectMany((space, s) => ((string[])["a", "b", "c"]).Select((name, p) => Pod(
            space, name, p < 2 ? "worker1" : "worker2",
            Cidr.Parse(p < 2 ? $"10.233.64.{10 + (s * 3) + p}/24" : $"10.233.65.{10 + s}/24")))),
    ];

    public static IEnumerable<V1Pod> Local => Pods.Where(p => p.Spec.NodeName == "worker1");

    public static ClusterObjects Objects => new() { Nodes = Nodes, Namespaces = Namespaces, Pods = Pods };

    public static IpAddress Address(V1Pod pod) => PodNetwork.Read(pod.Metadata.Annotations)!.Ips.First();

    public static V1LabelSelector Is(string key, params string[] values) => values is [var only]
        ? new V1LabelSelector { MatchLabels = new Dictionary<string, string> { [key] = only } }
        : new V1LabelSelector
        {
            MatchExpressions = [new V1LabelSelectorRequirement { Key = key, OperatorProperty = "In", Values = [.. values] }],
        };

    public static V1LabelSelector IsNot(string key, string value) => new()
    {
        MatchExpressions = [new V1LabelSelectorRequirement { Key = key, OperatorProperty = "NotIn", Values = [value] }],
    };

    private static V1Node Node(string name, int id, ZoneNode facts)
    {
        var annotations = new Dictionary<string, string>(NodeAnnotations.Allocation(Sample.Network, facts.Subnets, id))
        {
            [NodeAnnotations.ChassisId] = facts.ChassisId!,
            [NodeAnnotations.EncapIp] = facts.EncapIp.ToString()!,
            [NodeAnnotations.Gateway] = facts.Gateway!.Write(),
        };
        return new V1Node { Metadata = new V1ObjectMeta { Name = name, Annotations = annotations, Labels = Labels(("host", name)) } };
    }

    private static V1Pod Pod(string space, string name, string node, Cidr address) => new()
    {
        Metadata = new V1ObjectMeta
        {
            NamespaceProperty = space,
            Name = name,
            Uid = $"{space}-{name}",
            Labels = Labels(("pod", name)),
            Annotations = new Dictionary<string, string> { [PodNetwork.Annotation] = PodNetwork.Of([address], Sample.Network).Write() },
        },
        Spec = new V1PodSpec
        {
            NodeName = node,
            Containers =
            [
                new V1Container { Name = "c", Ports = [new V1ContainerPort { Name = "web", ContainerPort = name == "a" ? 81 : 80 }] },
            ],
        },
    };

    private static Dictionary<string, string> Labels(params (string Key, string Value)[] labels) =>
        labels.ToDictionary(l => l.Key, l => l.Value, StringComparer.Ordinal);
}
