using Dpf.Api.ThirdParty.OvnKubernetes;
using Dpf.Ovn.Annotations;
using Dpf.Runtime.Addressing;
using k8s.Models;

namespace Dpf.Ovn.Tests.Zone.Truth;

/// <summary>The ways out of the cluster, as the real northd's flows make them.</summary>
public sealed class OutsideTruthTests(TracedZone zone) : IClassFixture<TracedZone>
{
    private const string Wire = "output to \"br-ovn_worker1\"";
    private static readonly IpAddress Outside = IpAddress.Parse("198.51.100.10");

    private static V1Pod Pod(string space, string name) =>
        World.Pods.Single(p => p.Metadata.NamespaceProperty == space && p.Metadata.Name == name);

    [Fact]
    public async Task AFirewallsFirstMatchingRuleDecides()
    {
        await zone.ApplyAsync(World.Objects with
        {
            EgressFirewalls =
            [
                new EgressFirewall
                {
                    Metadata = new V1ObjectMeta { NamespaceProperty = "x", Name = "default" },
                    Spec = new EgressFirewallSpec
                    {
                        Egress =
                        [
                            Rule("Allow", "198.51.100.10/32", ("TCP", 443)), Rule("Deny", "198.51.100.0/24"),
                            Rule("Allow", "203.0.113.0/24", ("UDP", 53)), Rule("Deny", "0.0.0.0/0"),
                        ],
                    },
                },
            ],
        });

        Assert.True(await LeavesAsync("x", Outside, "tcp.dst == 443"));
        Assert.False(await LeavesAsync("x", Outside, "tcp.dst == 80"));
        Assert.False(await LeavesAsync("x", Outside, "icmp4.type == 8"));
        Assert.False(await LeavesAsync("x", IpAddress.Parse("198.51.100.11"), "tcp.dst == 443"));
        Assert.True(await LeavesAsync("x", IpAddress.Parse("203.0.113.5"), "udp.dst == 53"));
        Assert.False(await LeavesAsync("x", IpAddress.Parse("203.0.113.5"), "tcp.dst == 53"));
        Assert.False(await LeavesAsync("x", IpAddress.Parse("192.0.2.1"), "tcp.dst == 443"));
        Assert.True(await LeavesAsync("y", IpAddress.Parse("192.0.2.1"), "tcp.dst == 443"));

        // The cluster itself is not outside.
        Assert.True(await zone.PassesAsync(Pod("x", "a"), Pod("y", "a"), "TCP", 80));
        Assert.True(await zone.PassesAsync(Pod("x", "a"), Pod("y", "c"), "TCP", 80));
    }

    [Fact]
    public async Task AnEgressAddressAtThisNodeIsTheSourceOfItsPods()
    {
        await zone.ApplyAsync(World.Objects with { EgressIps = [Egress("10.0.123.200", "worker1")] });

        Assert.Contains("ct_snat(10.0.123.200)", await OutAsync("x", "a"), StringComparison.Ordinal);
        Assert.Contains("ct_snat(10.0.123.21)", await OutAsync("y", "a"), StringComparison.Ordinal);

        // A pod of the other zone comes through the tunnel and leaves here.
        var guest = await OutAsync("x", "c");
        Assert.Contains("ct_snat(10.0.123.200)", guest, StringComparison.Ordinal);
        Assert.Contains(Wire, guest, StringComparison.Ordinal);

        // Inside the cluster sources stay.
        Assert.True(await zone.PassesAsync(Pod("x", "a"), Pod("y", "a"), "TCP", 80));
        Assert.True(await zone.PassesAsync(Pod("x", "a"), Pod("y", "c"), "TCP", 80));
    }

    [Fact]
    public async Task AnEgressAddressAtAnotherNodeIsReachedThroughTheTunnel()
    {
        await zone.ApplyAsync(World.Objects with { EgressIps = [Egress("10.0.123.200", "worker2")] });

        var way = await OutAsync("x", "a");
        Assert.Contains("output to \"tstor-worker2\"", way, StringComparison.Ordinal);
        Assert.DoesNotContain("ct_snat(", way, StringComparison.Ordinal);
        Assert.Contains(Wire, await OutAsync("y", "a"), StringComparison.Ordinal);
        Assert.True(await zone.PassesAsync(Pod("x", "a"), Pod("y", "a"), "TCP", 80));
    }

    /// <summary>A host's out-of-band address lies in a network that the gateways need not reach.</summary>
    [Fact]
    public async Task Facts_9_22_PodsReachAnotherNodesSecondAddressThroughTheTunnel()
    {
        await zone.ApplyAsync(World.Objects with { Nodes = [.. World.Nodes.Select((n, i) => WithAddress(n, $"10.0.110.{21 + i}/24"))] });

        Assert.True(await zone.PassesAsync(Pod("x", "a"), IpAddress.Parse("10.0.110.22"), "tcp.dst == 10250", "output to \"tstor-worker2\""));
        Assert.True(await zone.PassesAsync(Pod("x", "a"), IpAddress.Parse("10.0.110.21"), "tcp.dst == 10250", "output to \"k8s-worker1\""));

        // What comes from the other zone goes to the host.
        Assert.True(await zone.PassesAsync(Pod("x", "c"), IpAddress.Parse("10.0.110.21"), "tcp.dst == 10250", "output to \"k8s-worker1\""));

        // The gateways' own addresses are outside, as ever.
        Assert.True(await zone.PassesAsync(Pod("x", "a"), IpAddress.Parse("10.0.123.22"), "tcp.dst == 10250", Wire));
    }

    private static V1Node WithAddress(V1Node node, string address) => new()
    {
        Metadata = new V1ObjectMeta
        {
            Name = node.Metadata.Name,
            Labels = node.Metadata.Labels,
            Annotations = new Dictionary<string, string>(node.Metadata.Annotations) { [NodeAnnotations.HostCidrs] = $"[\"{address}\"]" },
        },
    };

    private static EgressIp Egress(string address, string node) => new()
    {
        Metadata = new V1ObjectMeta { Name = "e" },
        Spec = new EgressIpSpec { EgressIps = [address], NamespaceSelector = World.Is("ns", "x") },
        Status = new EgressIpStatus { Items = [new EgressIpAssignment { EgressIp = address, Node = node }] },
    };

    private static EgressFirewallRule Rule(string type, string network, params (string Protocol, int Port)[] ports) => new()
    {
        Type = type,
        To = new EgressFirewallDestination { CidrSelector = network },
        Ports = [.. ports.Select(p => new EgressFirewallPort { Protocol = p.Protocol, Port = p.Port })],
    };

    private Task<bool> LeavesAsync(string space, IpAddress target, string l4) => zone.PassesAsync(Pod(space, "a"), target, l4, Wire);

    private Task<string> OutAsync(string space, string name) => zone.TraceAsync(Pod(space, name), Outside, "tcp.dst == 443");
}
