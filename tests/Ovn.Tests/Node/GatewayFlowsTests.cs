using System.Diagnostics;
using Dpf.Ovn.Node.Gateway;
using Dpf.Runtime.Addressing;

namespace Dpf.Ovn.Tests.Node;

public sealed class GatewayFlowsTests
{
    private const string Mac = "0c:42:a1:00:00:01";

    private static readonly GatewayPorts Dpu = new(
        "worker1", "1", "2", "3", Mac, [IpAddress.Parse("10.0.123.21")], IpAddress.Parse("10.0.123.11"), [IpAddress.Parse("10.0.110.21")]);

    [Fact]
    public void EachSideFindsItsConnectionsByTheMarkOfTheirFirstPacket()
    {
        Has($"table=0,priority=100,in_port=3,dl_src={Mac},ip,actions=ct(commit,zone=64000,exec(set_field:0x1->ct_mark)),output:1");
        Has("table=0,priority=100,in_port=2,ip,actions=ct(commit,zone=64000,exec(set_field:0x2->ct_mark)),output:1");
        Has("table=0,priority=50,in_port=1,ip,actions=ct(zone=64000,nat,table=1)");
        Has("table=1,priority=100,ip,ct_state=+trk+est,ct_mark=0x1,actions=output:3");
        Has("table=1,priority=100,ip,ct_state=+trk+rel,ct_mark=0x2,actions=output:2");
        Has($"table=1,priority=10,dl_dst={Mac},actions=output:2");
        Has("table=0,priority=9,in_port=3,actions=drop");
        Has("table=0,priority=0,actions=NORMAL");
    }

    [Fact]
    public void OnADpuDhcpAndTheTunnelEndpointAreNotTheHosts()
    {
        Has("table=0,priority=999,udp,tp_dst=67,actions=NORMAL");
        Has("table=0,priority=999,udp,nw_dst=10.0.123.11,tp_dst=6081,actions=LOCAL");
        Has($"table=0,priority=205,in_port=1,dl_dst={Mac},udp,udp_dst=6081,actions=output:2");
        Assert.DoesNotContain(Flows(Dpu with { Host = "LOCAL" }), f => f.Contains("tp_dst=67", StringComparison.Ordinal));
    }

    [Fact]
    public void TheHostReachesServicesThroughOvnAndNothingUntranslatedLeaks()
    {
        Has($"table=0,priority=500,in_port=2,ip,nw_dst=10.233.0.0/18,actions=set_field:{Mac}->eth_dst,output:3");
        Has($"table=0,priority=500,in_port=3,ip,nw_src=10.233.0.0/18,nw_dst=169.254.0.2,actions=move:NXM_OF_ETH_DST[]->NXM_OF_ETH_SRC[],set_field:{Mac}->eth_dst,output:2");
        Has("table=0,priority=105,in_port=3,ip,nw_dst=10.233.0.0/18,actions=drop");
    }

    [Fact]
    public void AnEndpointOnTheHostItselfDoesNotSeeItsOwnAddress()
    {
        Has("table=0,priority=500,in_port=3,ip,nw_dst=169.254.0.2,nw_src=10.0.123.21,actions=ct(commit,zone=64001,nat(dst=10.0.123.21),table=4)");
        Has("table=0,priority=500,in_port=3,ip,nw_dst=10.0.110.21,nw_src=10.0.123.21,actions=ct(commit,zone=64001,table=4)");
        Has("table=0,priority=500,in_port=2,ip,nw_dst=169.254.0.1,actions=ct(zone=64002,nat,table=5)");
        Has($"table=4,priority=100,ip,actions=ct(commit,zone=64002,nat(src=169.254.0.1)),move:NXM_OF_ETH_DST[]->NXM_OF_ETH_SRC[],set_field:{Mac}->eth_dst,output:2");
        Has("table=5,priority=100,ip,actions=ct(commit,zone=64001,nat,table=2)");
        Has($"table=2,priority=100,actions=set_field:{Mac}->eth_dst,output:3");
    }

    [Fact]
    public void WhatIsServedOutsideGoesBetweenTheWireAndOvn()
    {
        Has("table=0,priority=110,in_port=1,tcp,tp_dst=30080,actions=output:3");
        Has($"table=0,priority=110,in_port=3,dl_src={Mac},tcp,tp_src=30080,actions=output:1");
        Has("table=0,priority=110,in_port=1,tcp,nw_dst=198.51.100.7,tp_dst=80,actions=output:3");
        Has($"table=0,priority=110,in_port=3,dl_src={Mac},tcp,nw_src=198.51.100.7,tp_src=80,actions=output:1");
    }

    /// <summary>OVN could reach the host's own endpoint only in the gateway's name: what kept the client's address went nowhere.</summary>
    [Theory]
    [InlineData("10.0.123.21")]
    [InlineData("10.0.110.21")]
    public void WithALocalPolicyTheHostsOwnEndpointIsReachedPastOvn(string endpoint)
    {
        var service = Sample.Service(Sample.Port(30080, (endpoint, "worker1"))) with { ExternalLocal = true, ExternalIps = [IpAddress.Parse("198.51.100.7")] };
        var flows = GatewayFlows.Of(Dpu, Sample.Network, [service, service with { Name = "other", ClusterIps = [], ExternalIps = [] }]);
        var target = service.Ports[0].Candidates[0].Port;
        Has($"table=0,priority=110,in_port=1,tcp,tp_dst=30080,actions=ct(commit,zone=64003,nat(dst=10.0.123.21:{target}),table=6)", flows);
        Has($"table=0,priority=110,in_port=1,tcp,nw_dst=198.51.100.7,tp_dst=80,actions=ct(commit,zone=64003,nat(dst=10.0.123.21:{target}),table=6)", flows);
        Has($"table=0,priority=110,in_port=2,tcp,tp_src={target},actions=ct(zone=64003,nat,table=7)", flows);
        Has("table=6,priority=110,ip,actions=output:2", flows);
        Has("table=7,priority=110,ip,ct_state=+trk+est+rpl,actions=output:1", flows);
        Has("table=7,priority=100,ip,actions=ct(commit,zone=64000,exec(set_field:0x2->ct_mark)),output:1", flows);
        Assert.Equal(flows.Count, flows.Distinct(StringComparer.Ordinal).Count());

        // Not another node's, nor where any endpoint will do.
        foreach (var other in (Dpf.Ovn.Zone.Planning.ZoneService[])[service with { ExternalLocal = false }, service with { Ports = [Sample.Port(30080, (endpoint, "worker2"))] }])
        {
            Assert.DoesNotContain(GatewayFlows.Of(Dpu, Sample.Network, [other]), f => f.Contains("64003", StringComparison.Ordinal));
        }
    }

    /// <summary>Without it a connection to an external address over a way with smaller packets stands still.</summary>
    [Fact]
    public void WhatARouterSaysOfPacketsThatAreTooBigReachesTheEndpoint()
    {
        Has("table=0,priority=110,in_port=1,icmp,nw_dst=198.51.100.7,icmp_type=3,icmp_code=4,actions=output:3");
        Has("table=0,priority=110,in_port=1,icmp6,ipv6_dst=2001:db8::7,icmpv6_type=2,actions=output:3", Six);

        // Two services may share an address at different ports.
        var service = Sample.Service(Sample.Port(0)) with { ExternalIps = [IpAddress.Parse("198.51.100.7")] };
        var flows = GatewayFlows.Of(Dpu, Sample.Network, [service, service with { Name = "other", Ports = [Sample.Port(0) with { Port = 443 }] }]);
        Assert.Single(flows, f => f.Contains("icmp_type=3", StringComparison.Ordinal));
    }

    [Fact]
    public void OverIpv6TheSameIsThereAndAdvertisementsReachBoth()
    {
        Has($"table=0,priority=100,in_port=3,dl_src={Mac},ipv6,actions=ct(commit,zone=64000,exec(set_field:0x1->ct_mark)),output:1", Six);
        Has("table=0,priority=50,in_port=1,ipv6,actions=ct(zone=64000,nat,table=1)", Six);
        Has("table=1,priority=100,ipv6,ct_state=+trk+est,ct_mark=0x2,actions=output:2", Six);
        Has("table=1,priority=14,icmp6,icmpv6_type=134,actions=FLOOD", Six);
        Has("table=1,priority=14,icmp6,icmpv6_type=136,actions=FLOOD", Six);
        Has($"table=0,priority=500,in_port=2,ipv6,ipv6_dst=fd00:10:96::/112,actions=set_field:{Mac}->eth_dst,output:3", Six);
        Has("table=0,priority=110,in_port=1,tcp6,tp_dst=30080,actions=output:3", Six);
        Has("table=0,priority=500,in_port=3,ipv6,ipv6_dst=fd69::2,ipv6_src=fd00:123::21,actions=ct(commit,zone=64001,nat(dst=fd00:123::21),table=4)", Six);
        Assert.All(Flows(Dpu), flow => Assert.Contains(flow, Six));
        Assert.DoesNotContain(Flows(Dpu), f => f.Contains("v6", StringComparison.Ordinal));
    }

    [Fact]
    public async Task TheSwitchUnderstandsAllOfThem()
    {
        using var parse = new Process
        {
            StartInfo = new ProcessStartInfo("ovs-ofctl", ["-OOpenFlow14", "parse-flows", "-"])
            {
                UseShellExecute = false, RedirectStandardInput = true, RedirectStandardOutput = true, RedirectStandardError = true,
            },
        };
        parse.Start();
        await parse.StandardInput.WriteAsync(string.Join('\n', Six) + "\n");
        parse.StandardInput.Close();
        var output = parse.StandardOutput.ReadToEndAsync(TestContext.Current.CancellationToken);
        var error = await parse.StandardError.ReadToEndAsync(TestContext.Current.CancellationToken);
        await parse.WaitForExitAsync(TestContext.Current.CancellationToken);
        Assert.True(parse.ExitCode == 0, error);
        Assert.NotEmpty(await output);
    }

    [Fact]
    public void NoFlowIsThereTwice() => Assert.Equal(Flows(Dpu).Count, Flows(Dpu).Distinct(StringComparer.Ordinal).Count());

    private static IReadOnlyList<string> Six => GatewayFlows.Of(
        Dpu with { Addresses = [.. Dpu.Addresses, IpAddress.Parse("fd00:123::21")] }, Sample.DualNetwork,
        [
            .. Sample.DualFacts.Services.Select(s => s with { ExternalIps = [IpAddress.Parse("198.51.100.7"), IpAddress.Parse("2001:db8::7")] }),
            Sample.Service(Sample.Port(30081, ("10.0.123.21", "worker1"), ("fd00:123::21", "worker1"))) with { Name = "host", ExternalLocal = true },
        ]);

    private static void Has(string flow, IReadOnlyList<string>? flows = null) =>
        Assert.Contains("cookie=0xdeff105," + flow, flows ?? Flows(Dpu));

    private static IReadOnlyList<string> Flows(GatewayPorts ports) => GatewayFlows.Of(
        ports, Sample.Network,
        [Sample.Service(Sample.Port(30080, ("10.233.64.4", "worker1"))) with { ExternalIps = [IpAddress.Parse("198.51.100.7")] }]);
}
