using System.Text;
using Dpf.Ovn.Addressing;
using Dpf.Ovn.Annotations;
using Dpf.Ovn.Zone.Planning;
using Dpf.Ovsdb.Models.Northbound;
using Dpf.Ovsdb.Rows;
using Dpf.Runtime.Addressing;
using Dpf.Testing;
using k8s.Models;

namespace Dpf.Ovn.Tests.Zone;

/// <summary>A zone whose pods have addresses of both families.</summary>
public sealed class DualStackTests
{
    /// <summary>Every row of it, to be read. With <c>DPF_WRITE_CASES=1</c> the file is written anew, to be read again.</summary>
    [Fact]
    public void TheRowsOfADualStackZone()
    {
        var file = Path.Combine(TestFolder.Repository, "tests/Ovn.Tests/cases/zones/dual-stack.txt");
        var rows = Text(NorthboundPlan.Of(Sample.DualFacts));
        if (Environment.GetEnvironmentVariable("DPF_WRITE_CASES") == "1")
        {
            File.WriteAllText(file, rows);
        }

        Assert.Equal(File.ReadAllText(file), rows);
    }

    /// <summary>The half of a dual-stack zone that is of IPv4 is the zone without IPv6.</summary>
    [Fact]
    public void WithoutIpv6NothingOfItIsThere()
    {
        var services = new[] { Sample.Service(Sample.Port(30080, ("10.233.64.4", "worker1"))) };
        Assert.DoesNotContain("ip6", Text(NorthboundPlan.Of(Sample.Facts with { Services = services })), StringComparison.Ordinal);
    }

    [Fact]
    public void ANodeThatHasNoIpv6OutsideHasItsPodsInsideAllTheSame()
    {
        var facts = Sample.DualFacts;
        var rows = NorthboundPlan.Of(facts with
        {
            Nodes = [.. facts.Nodes.Select(n => n with { Gateway = n.Gateway! with { Addresses = n.Gateway.Addresses.Take(1).ToList(), NextHops = [] } })],
        });
        Assert.DoesNotContain(rows.All<Nat>().Values, n => n.LogicalIp.Contains(':', StringComparison.Ordinal));
        Assert.Contains("0a:58:0a:e9:40:03 10.233.64.3 fd00:10:233:1::3", rows.All<LogicalSwitchPort>()["worker1/default_a"].Addresses);
    }

    [Fact]
    public void ClustersOfOneFamilyDoNotSeeTheOther()
    {
        var cluster = Objects(Sample.DualNetwork);
        var facts = ClusterFacts.Read("worker1", Sample.Network, cluster);
        Assert.Equal("10.233.64.0/24", Assert.Single(facts.Local!.Subnets).ToString());
        Assert.Equal("10.0.123.21/24", Assert.Single(facts.Local.Gateway!.Addresses).ToString());
        Assert.Empty(facts.Local.HostAddresses);
        Assert.Equal("10.233.0.10", Assert.Single(Assert.Single(facts.Services).ClusterIps).ToString());
        Assert.Equal("10.233.64.3", Assert.Single(facts.Services[0].Ports[0].Endpoints).Address.ToString());
    }

    [Fact]
    public void TheFactsOfBothFamiliesAreRead()
    {
        var facts = ClusterFacts.Read("worker1", Sample.DualNetwork, Objects(Sample.DualNetwork));
        Assert.Equal(["10.233.64.0/24", "fd00:10:233:1::/64"], facts.Local!.Subnets.Select(s => s.ToString()));
        Assert.Equal(["10.233.0.10", "fd00:10:96::a"], facts.Services.Single().ClusterIps.Select(s => s.ToString()));
        Assert.Equal(["10.233.64.3", "fd00:10:233:1::3"], facts.Services.Single().Ports.Single().Endpoints.Select(e => e.Address.ToString()));
        Assert.Equal(["10.233.64.3", "fd00:10:233:1::3"], facts.Pods.Single().Network.Ips.Select(s => s.ToString()));
    }

    /// <summary>Whoever makes a pod can write its annotations: one address that is not its node's is as bad as both.</summary>
    [Fact]
    public void APodWithAStolenIpv6AddressIsNoPodOfTheZone()
    {
        var cluster = Objects(Sample.DualNetwork);
        cluster.Pods.Single().Metadata.Annotations[PodNetwork.Annotation] =
            PodNetwork.Of([Cidr.Parse("10.233.64.3/24"), Cidr.Parse("fd00:10:233:1::2/64")], Sample.DualNetwork).Write();
        Assert.Empty(ClusterFacts.Read("worker1", Sample.DualNetwork, cluster).Pods);
    }

    [Fact]
    public void APolicysPeersAreMetInBothFamilies()
    {
        var peers = new V1NetworkPolicyPeer[]
        {
            new() { NamespaceSelector = new V1LabelSelector() },
            new() { IpBlock = new V1IPBlock { Cidr = "2001:db8::/62", Except = ["2001:db8:0:1::/64"] } },
            new() { IpBlock = new V1IPBlock { Cidr = "192.0.2.0/24" } },
        };
        var rows = NorthboundPlan.Of(ClusterFacts.Read("worker1", Sample.DualNetwork, Objects(Sample.DualNetwork) with
        {
            Namespaces = [new V1Namespace { Metadata = new V1ObjectMeta { Name = "default" } }],
            Policies = [Policy("some", peers), Policy("any")],
        }));
        var sets = rows.All<AddressSet>().ToDictionary(s => s.Key, s => s.Value);
        Assert.Equal(["10.233.64.3"], sets["PodSelector:LS{}_LS{}"].Addresses);
        Assert.Equal(["fd00:10:233:1::3"], sets["PodSelector:LS{}_LS{}:v6"].Addresses);
        Assert.Equal(
            [
                $"(ip4.src == ${sets["PodSelector:LS{}_LS{}"].Name} || ip6.src == ${sets["PodSelector:LS{}_LS{}:v6"].Name})",
                "ip4.src == 192.0.2.0/24",
                "ip6.src == {2001:db8::/64, 2001:db8:0:2::/63}",
            ],
            Matches("NetworkPolicy:default:some"));
        Assert.Equal(["(ip4 || ip6)"], Matches("NetworkPolicy:default:any"));

        IEnumerable<string> Matches(string group) => rows.All<Acl>()
            .Where(a => a.Key.StartsWith(group + "/", StringComparison.Ordinal)).Select(a => a.Value.Match.Split(" && ")[0]).Order(StringComparer.Ordinal);
    }

    private static V1NetworkPolicy Policy(string name, params V1NetworkPolicyPeer[] from) => new()
    {
        Metadata = new V1ObjectMeta { NamespaceProperty = "default", Name = name },
        Spec = new V1NetworkPolicySpec { PodSelector = new V1LabelSelector(), Ingress = [new V1NetworkPolicyIngressRule { FromProperty = from }] },
    };

    /// <summary>One node, one pod, one service, as a dual-stack cluster has them.</summary>
    private static ClusterObjects Objects(ClusterNetwork network)
    {
        var local = Sample.DualFacts.Local!;
        var annotations = new Dictionary<string, string>(NodeAnnotations.Allocation(network, local.Subnets, local.Id))
        {
            [NodeAnnotations.Gateway] = local.Gateway!.Write(), [NodeAnnotations.HostCidrs] = """["fd00:99::1/64"]""",
        };
        return new ClusterObjects
        {
            Nodes = [new V1Node { Metadata = new V1ObjectMeta { Name = "worker1", Annotations = annotations } }],
            Pods =
            [
                new V1Pod
                {
                    Metadata = new V1ObjectMeta
                    {
                        NamespaceProperty = "default",
                        Name = "a",
                        Uid = "a",
                        Annotations = new Dictionary<string, string> { [PodNetwork.Annotation] = Sample.DualFacts.Pods[0].Network.Write() },
                    },
                    Spec = new V1PodSpec { NodeName = "worker1" },
                },
            ],
            Services =
            [
                new V1Service
                {
                    Metadata = new V1ObjectMeta { NamespaceProperty = "default", Name = "traffic" },
                    Spec = new V1ServiceSpec
                    {
                        ClusterIP = "10.233.0.10", ClusterIPs = ["10.233.0.10", "fd00:10:96::a"], Ports = [new V1ServicePort { Port = 80 }],
                    },
                },
            ],
            Endpoints = [Slice("IPv4", "10.233.64.3"), Slice("IPv6", "fd00:10:233:1::3")],
        };
    }

    private static V1EndpointSlice Slice(string family, string address) => new()
    {
        AddressType = family,
        Metadata = new V1ObjectMeta
        {
            NamespaceProperty = "default", Labels = new Dictionary<string, string> { [ServiceFacts.ServiceNameLabel] = "traffic" },
        },
        Ports = [new Discoveryv1EndpointPort { Port = 8080 }],
        Endpoints = [new V1Endpoint { Addresses = [address] }],
    };

    private static string Text(RowSet rows)
    {
        var text = new StringBuilder();
        foreach (var row in rows.Rows.OrderBy(r => r.Key.Table, StringComparer.Ordinal).ThenBy(r => r.Key.Key, StringComparer.Ordinal))
        {
            text.Append(row.Key.Table).Append(' ').Append(row.Key.Key).Append('\n');
            foreach (var (column, value) in row.Row.Assigned.OrderBy(c => c.Key, StringComparer.Ordinal).Where(c => c.Key != "external_ids"))
            {
                text.Append("  ").Append(column).Append(' ').Append(value).Append('\n');
            }
        }

        return text.ToString();
    }
}
