using Dpf.Api.ThirdParty.OvnKubernetes;
using Dpf.Ovn.Annotations;
using Dpf.Ovn.ClusterManager;
using FsCheck;
using FsCheck.Fluent;
using FsCheck.Xunit;
using k8s.Models;

namespace Dpf.Ovn.Tests.ClusterManager;

public sealed class EgressPlacementTests
{
    [Fact]
    public void AddressesAreSpreadOverTheNodesThatMayHoldThem()
    {
        V1Node[] nodes = [Node("worker1", Sample.Worker1.Gateway!), Node("worker2", Sample.Worker2.Gateway!), Node("plain", Sample.Worker2.Gateway!, false)];

        var places = EgressPlacement.Of([Egress("a", 1, "10.0.123.201", "10.0.123.202", "10.0.123.203"), Egress("b", 2, "10.0.123.204")], nodes);

        Assert.Equal([new EgressPlace("10.0.123.201", "worker1"), new EgressPlace("10.0.123.202", "worker2")], places["a"]);
        Assert.Equal([new EgressPlace("10.0.123.204", "worker1")], places["b"]);
    }

    [Fact]
    public void AnAddressStaysUntilItsNodeCannotHoldIt()
    {
        var egress = Egress("a", 1, "10.0.123.201");
        egress.Status = new EgressIpStatus { Items = [new EgressIpAssignment { EgressIp = "10.0.123.201", Node = "worker2" }] };
        var (one, two) = (Node("worker1", Sample.Worker1.Gateway!), Node("worker2", Sample.Worker2.Gateway!));

        Assert.Equal("worker2", Assert.Single(EgressPlacement.Of([egress], [one, two])["a"]).Node);

        two.Status = new V1NodeStatus { Conditions = [new V1NodeCondition { Type = "Ready", Status = "Unknown" }] };
        Assert.Equal("worker1", Assert.Single(EgressPlacement.Of([egress], [one, two])["a"]).Node);
        Assert.Empty(EgressPlacement.Of([egress], [two])["a"]);
    }

    [Fact]
    public void ForeignNetworksNodesOwnAddressesAndNonsenseHaveNoPlace() => Assert.Empty(EgressPlacement.Of(
        [Egress("a", 1, "192.0.2.1", "10.0.123.21", "nonsense")], [Node("worker1", Sample.Worker1.Gateway!)])["a"]);

    /// <summary>Of nodes, too, that hold no egress address: their gateway's, the host's, the kubelet's and the tunnel's.</summary>
    [Fact]
    public void NoNodesOwnAddressHasAPlace()
    {
        var plain = Node("plain", Sample.Worker2.Gateway!, isAssignable: false);
        plain.Metadata.Annotations[NodeAnnotations.HostCidrs] = """["10.0.123.22/24","10.0.123.50/24"]""";
        plain.Metadata.Annotations[NodeAnnotations.EncapIps] = """["10.0.123.51"]""";
        plain.Status = new V1NodeStatus { Addresses = [new V1NodeAddress { Type = "InternalIP", Address = "10.0.123.52" }] };
        string[] own = ["10.0.123.22", "10.0.123.50", "10.0.123.51", "10.0.123.52"];

        var places = EgressPlacement.Of([.. own.Append("10.0.123.201").Select((a, i) => Egress($"e{i}", i, a))], [Node("worker1", Sample.Worker1.Gateway!), plain]);

        Assert.Equal(["10.0.123.201"], places.Values.SelectMany(p => p).Select(p => p.EgressIp));
    }

    [Property]
    public void NoAddressIsAtTwoPlacesAndWhatWasDecidedIsDecidedAgain(byte[] firsts, byte[] seconds)
    {
        V1Node[] nodes = [Node("worker1", Sample.Worker1.Gateway!), Node("worker2", Sample.Worker2.Gateway!)];
        EgressIp[] objects =
        [
            .. firsts.Zip(seconds, (f, s) => (f, s)).Select((p, i) => Egress($"e{i}", i, $"10.0.123.{p.f}", $"10.0.123.{p.s}")),
        ];

        var places = EgressPlacement.Of(objects, nodes);

        Assert.Equal(places.Values.Sum(p => p.Count), places.Values.SelectMany(p => p).Select(p => p.EgressIp).Distinct().Count());
        Assert.All(places.Values, p => Assert.Equal(p.Count, p.Select(x => x.Node).Distinct().Count()));
        foreach (var egress in objects)
        {
            egress.Status = new EgressIpStatus { Items = [.. places[egress.Metadata.Name].Select(p => new EgressIpAssignment { EgressIp = p.EgressIp, Node = p.Node })] };
        }

        Assert.Equal(places.Values.SelectMany(p => p), EgressPlacement.Of(objects, nodes).Values.SelectMany(p => p));
    }

    private static V1Node Node(string name, GatewayConfig gateway, bool isAssignable = true) => new()
    {
        Metadata = new V1ObjectMeta
        {
            Name = name,
            Labels = isAssignable ? new Dictionary<string, string> { [EgressPlacement.AssignableLabel] = "" } : null,
            Annotations = new Dictionary<string, string> { [NodeAnnotations.Gateway] = gateway.Write(), [NodeAnnotations.Id] = "2" },
        },
    };

    private static EgressIp Egress(string name, int age, params string[] addresses) => new()
    {
        Metadata = new V1ObjectMeta { Name = name, CreationTimestamp = new DateTime(2025, 1, 1, 0, 0, 0, DateTimeKind.Utc).AddMinutes(age) },
        Spec = new EgressIpSpec { EgressIps = addresses },
    };
}
