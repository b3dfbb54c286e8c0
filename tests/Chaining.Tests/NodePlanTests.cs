using Dpf.Chaining.Agent;
using Dpf.Chaining.Switching;
using Dpf.Runtime.Clusters;
using k8s.Models;

namespace Dpf.Chaining.Tests;

public sealed class NodePlanTests
{
    private static readonly (string, string)[] Guide = [("uplink", "p0"), ("port", "ovn")];

    [Fact]
    public void TheGuidesChainJoinsTheWireAndOvn()
    {
        var view = Samples.View(Samples.Port("p0", "br-sfc", 1), Samples.Port("puplinkbrsfc", "br-sfc", 2), Samples.Port("puplinkbrovn", "br-ovn", 7));
        var plan = NodePlan.Of([Samples.Physical(), Samples.Ovn()], [Samples.Chain("c", Guide)], [], view);
        Assert.All(plan.Interfaces.Values.Concat(plan.Chains.Values), Assert.Empty);
        Assert.Equal(
            ["p0@br-sfc", "puplinkbrovn@br-ovn", "puplinkbrsfc@br-sfc"],
            plan.Ports.Select(p => $"{p.Name}@{p.Bridge}").Order(StringComparer.Ordinal));
        Assert.Equal(["1>2", "2>1"], plan.Flows.Select(f => $"{f.From}>{f.To[0]}"));
        Assert.Equal("c", plan.ChainOf[new NamespacedName(Samples.Namespace, "p0-dpu1")]);
    }

    [Fact]
    public void WhatIsMissingIsSaidAndTheRestWorks()
    {
        var view = Samples.View(Samples.Port("p0", "br-sfc", 1), Samples.Port("puplinkbrsfc", "br-sfc", null));
        var half = Samples.Chain("half", Guide, [("uplink", "p1"), ("nobody", "here")]);
        var plan = NodePlan.Of([Samples.Physical(), Samples.Physical("p1"), Samples.Ovn()], [half], [], view);
        Assert.Empty(plan.Flows);
        var why = plan.Chains[new NamespacedName(Samples.Namespace, "half")];
        Assert.Contains("port puplinkbrsfc has no number yet", why, StringComparison.Ordinal);
        Assert.Contains("port p1 is not there yet", why, StringComparison.Ordinal);
        Assert.Contains("0 interfaces", why, StringComparison.Ordinal);
        Assert.Empty(plan.Interfaces[new NamespacedName(Samples.Namespace, "p0-dpu1")]);
    }

    [Fact]
    public void APortOnAnotherBridgeIsAnObstacleAndOneInterfaceIsInOneChain()
    {
        var view = Samples.View(Samples.Port("p0", "br-ovn", 1), Samples.Port("puplinkbrsfc", "br-sfc", 2), Samples.Port("p1", "br-sfc", 3));
        var second = Samples.Chain("d", [("port", "ovn"), ("uplink", "p1")]);
        var plan = NodePlan.Of(
            [Samples.Physical(), Samples.Physical("p1"), Samples.Ovn()], [second, Samples.Chain("c", [("uplink", "p1"), ("port", "ovn")])], [], view);
        Assert.Contains("on bridge br-ovn, not br-sfc", plan.Interfaces[new NamespacedName(Samples.Namespace, "p0-dpu1")], StringComparison.Ordinal);
        Assert.DoesNotContain(plan.Ports, p => p.Name == "p0");
        Assert.Empty(plan.Chains[new NamespacedName(Samples.Namespace, "c")]);
        Assert.Contains("is a port of chain dpf-operator-system/c already", plan.Chains[new NamespacedName(Samples.Namespace, "d")], StringComparison.Ordinal);
    }

    [Fact]
    public void APortOfAServiceIsFoundByItsPodAndThroughThePatchOfAnotherBridge()
    {
        var attached = new Dictionary<string, string> { ["dpf-id"] = $"{Samples.Namespace}/hbn-x/app_sf" };
        var view = Samples.View(
            Samples.Port("p0", "br-sfc", 1),
            new PortView("en3f0sf10", "br-hbn") { Ofport = 4, InterfaceIds = attached },
            Samples.Port("pen3f0sf10brsfc", "br-sfc", 9));
        var chain = Samples.Chain("c", [("uplink", "p0"), ("svc.dpu.nvidia.com/interface", "app_sf")]);
        var plan = NodePlan.Of([Samples.Physical(), Samples.OfService("hbn", "app_sf")], [chain], [Samples.Pod("hbn-x", "hbn")], view);
        Assert.Empty(plan.Chains.Values.Single());
        Assert.Equal(["1>9", "9>1"], plan.Flows.Select(f => $"{f.From}>{f.To[0]}"));
    }

    [Theory]
    [InlineData("the young pod has no port yet", false, false, false, 6)]
    [InlineData("the young pod says it is ready, but has no port", false, false, true, 6)]
    [InlineData("the young pod does not work yet", true, true, false, 6)]
    [InlineData("both work", true, true, true, 7)]
    [InlineData("neither works", true, false, false, 7)]
    [InlineData("only the young one works", true, false, true, 7)]
    public void AChainPassesToAYoungerPodOnceThatCanTakeOver(string why, bool hasPort, bool oldIsReady, bool youngIsReady, long expected)
    {
        var (old, young) = (Pod("hbn-old", 1, oldIsReady), Pod("hbn-young", 2, youngIsReady));
        var view = Samples.View([Samples.Port("p0", "br-sfc", 1), Port("hbn-old", 6), Port("hbn-young", hasPort ? 7 : null)]);
        var chain = Samples.Chain("c", [("uplink", "p0"), ("svc.dpu.nvidia.com/interface", "app_sf")]);
        var plan = NodePlan.Of([Samples.Physical(), Samples.OfService("hbn", "app_sf")], [chain], [young, old], view);
        Assert.True(plan.Chains.Values.Single().Length == 0, why);
        Assert.Equal([$"1>{expected}", $"{expected}>1"], plan.Flows.Select(f => $"{f.From}>{f.To[0]}"));

        static V1Pod Pod(string name, int day, bool isReady)
        {
            var pod = Samples.Pod(name, "hbn");
            pod.Metadata.CreationTimestamp = new DateTime(2030, 1, day, 0, 0, 0, DateTimeKind.Utc);
            pod.Status.Conditions = [new V1PodCondition { Type = "Ready", Status = isReady ? "True" : "False" }];
            return pod;
        }

        static PortView Port(string pod, long? number) => Samples.Port("sf-" + pod, "br-sfc", number) with
        {
            InterfaceIds = new Dictionary<string, string> { ["dpf-id"] = $"{Samples.Namespace}/{pod}/app_sf" },
        };
    }

    [Theory]
    [InlineData("non-existing", "non-existing", 7284632574289473044)]
    [InlineData("default", "chain-node1", 13380945581011588202)]
    public void CookiesAreThoseOfOtherImplementations(string ns, string name, ulong cookie) => Assert.Equal(cookie, FlowCookie.Of(ns, name));

    [Fact]
    public void OnlyChainsThatDifferAreReplacedAndForeignFlowsStay()
    {
        var kept = ChainFlow.Of(5, [1, 2]);
        const string Dump = """
            NXST_FLOW reply (xid=0x4):
             cookie=0x5, priority=20,in_port=1 actions=learn(table=0,idle_timeout=10,limit=8192,priority=30,cookie=0x5,in_port=2,NXM_OF_ETH_DST[]=NXM_OF_ETH_SRC[],output:NXM_OF_IN_PORT[]),output:2
             cookie=0x5, priority=20,in_port=2 actions=learn(table=0,idle_timeout=10,limit=8192,priority=30,cookie=0x5,in_port=1,NXM_OF_ETH_DST[]=NXM_OF_ETH_SRC[],output:NXM_OF_IN_PORT[]),output:1
             cookie=0x5, idle_timeout=10, priority=30,in_port=2,dl_dst=02:00:00:00:00:01 actions=output:1
             cookie=0x7, priority=20,in_port=3 actions=learn(table=0,cookie=0x7,limit=8192,in_port=4,output:NXM_OF_IN_PORT[]),output:4
             cookie=0, priority=0 actions=NORMAL
             cookie=0x63, priority=20,in_port=8 actions=output:9
            """;
        var changes = ChainFlow.Changes(ChainFlow.Read(Dump), [.. kept, .. ChainFlow.Of(6, [3, 4])]);
        Assert.Equal(["delete cookie=6/-1,in_port=3", "delete cookie=6/-1,in_port=4", "add ", "add ", "delete cookie=7/-1"], changes.Select(c => c.StartsWith("add", StringComparison.Ordinal) ? "add " : c));
    }
}
