using Dpf.Guide.Tracing;
using k8s.Models;

namespace Dpf.Guide.Tests.Tracing;

public sealed class SwitchPathTests
{
    [Fact]
    public void BridgesAndPortsAreReadInOrder()
    {
        var path = SwitchPath.Parse(
            """
            Flow: udp,in_port=LOCAL

            bridge("br-ovn")
            ----------------
             0. udp,in_port=LOCAL,tp_dst=6081, priority 200, cookie 0xdeff105
                output:puplinkbrovn

            bridge("br-sfc")
            ----------------
             0. in_port=puplinkbrsfc, priority 20, cookie 0x1
                output:p0

            Final flow: unchanged
            Datapath actions: ct_clear,set(eth(src=00:00:00:00:00:01)),p0
            """);
        Assert.Equal(["br-ovn", "br-sfc"], path.Bridges);
        Assert.Equal(["p0"], path.Out);
        Assert.Null(path.Drop);
    }

    [Fact]
    public void WhatIsDroppedNamesTheFlow()
    {
        var path = SwitchPath.Parse("bridge(\"br-sfc\")\n----\n 0. priority 0\n    drop\n\nDatapath actions: drop\n");
        Assert.Empty(path.Out);
        Assert.Equal("0. priority 0", path.Drop);
    }

    [Fact]
    public void ATunnelTakesThePacketIn() => Assert.Equal(["genev_sys_6081"], SwitchPath.Parse("bridge(\"br-ovn\")\n\nDatapath actions: tnl_pop(genev_sys_6081)\n").Out);

    [Fact]
    public void APortIsReadFromTheDatabaseAndSaysWhatKeepsItFromWorking()
    {
        var ports = SwitchPort.Parse(
            """
            {"data":[["pf0vf3","up",["map",[]],["map",[["iface-id","ns_a"],["ovn-installed","true"]]],["set",[]]],
            ["pf0vf4","down",["map",[]],["map",[["ovn-installed","true"]]],["set",[]]],
            ["pf0vf5",["set",[]],["map",[]],["map",[]],"could not open network device"],
            ["ovn-1","up",["map",[["remote_ip","10.0.0.2"]]],["map",[]],["set",[]]]],"headings":[]}
            """);
        Assert.Equal(
            [null, "the link of pf0vf4 is down", "Open vSwitch cannot use pf0vf5: could not open network device", "ovn-controller has not installed the flows of ovn-1"],
            ports.Select(p => p.Problem));
        Assert.Equal("10.0.0.2", ports[3].Options["remote_ip"]);
    }

    [Fact]
    public void ThePoliciesOfAPodAreThoseThatSelectItInTheDirection()
    {
        var pod = new V1Pod { Metadata = new V1ObjectMeta { Name = "p", NamespaceProperty = "ns", Labels = new Dictionary<string, string> { ["app"] = "web" } } };
        V1NetworkPolicy[] policies =
        [
            Policy("all", new V1LabelSelector()), Policy("web", Labels("web")), Policy("db", Labels("db")), Policy("elsewhere", new V1LabelSelector(), "other"),
            Policy("out", new V1LabelSelector(), types: ["Egress"]),
            Policy("expression", new V1LabelSelector { MatchExpressions = [new V1LabelSelectorRequirement { Key = "app", OperatorProperty = "NotIn", Values = ["web"] }] }),
        ];
        Assert.Equal(["all", "web"], PolicyNames.Selecting(policies, pod, "Ingress"));
        Assert.Equal(["out"], PolicyNames.Selecting(policies, pod, "Egress"));
    }

    private static V1LabelSelector Labels(string app) => new() { MatchLabels = new Dictionary<string, string> { ["app"] = app } };

    private static V1NetworkPolicy Policy(string name, V1LabelSelector selector, string ns = "ns", IList<string>? types = null) => new()
    {
        Metadata = new V1ObjectMeta { Name = name, NamespaceProperty = ns }, Spec = new V1NetworkPolicySpec { PodSelector = selector, PolicyTypes = types },
    };
}
