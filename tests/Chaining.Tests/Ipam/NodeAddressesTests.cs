using System.Text.Json.Nodes;
using Dpf.Chaining.Cni;
using Dpf.Chaining.Ipam;
using k8s.Models;

namespace Dpf.Chaining.Tests.Ipam;

/// <summary>A node's part of the pools, given to interfaces: none twice, none lost.</summary>
public sealed class NodeAddressesTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("dpf-ipam-").FullName;

    private static IpPool Blocks => new()
    {
        Metadata = new V1ObjectMeta { Name = "pool" },
        Spec = new()
        {
            Subnet = "10.0.0.0/24", PerNodeBlockSize = 16, Gateway = "10.0.0.1", Exclusions = [new() { StartIp = "10.0.0.5", EndIp = "10.0.0.6" }],
            Routes = [new() { Dst = "10.9.0.0/16" }],
        },
        Status = new() { Allocations = [new() { NodeName = "dpu1", StartIp = "10.0.0.1", EndIp = "10.0.0.16" }] },
    };

    private static CidrPool Networks => new()
    {
        Metadata = new V1ObjectMeta { Name = "loopback" },
        Spec = new() { Cidr = "10.1.0.0/16", PerNodeNetworkPrefix = 29, GatewayIndex = 1 },
        Status = new() { Allocations = [new() { NodeName = "dpu1", Prefix = "10.1.0.8/29", Gateway = "10.1.0.9" }] },
    };

    [Fact]
    public void However_many_call_at_once_nobody_gets_an_address_that_another_has()
    {
        var agent = Agent();
        var rounds = Enumerable.Range(0, 400).ToList();
        Parallel.ForEach(rounds, new ParallelOptions { MaxDegreeOfParallelism = 8 }, i =>
        {
            // Never more than eight at a time, of the thirteen that the block has.
            var got = Address(agent.Answer(Call("ADD", $"c{i}"))!);
            Assert.Contains(got, Usable());
            Assert.Equal(got, Address(agent.Answer(Call("ADD", $"c{i}"))!));
            agent.Answer(Call("DEL", $"c{i}"));
        });

        var all = Usable().Select((_, i) => Address(agent.Answer(Call("ADD", $"x{i}"))!)).ToList();
        Assert.Equal(Usable().Order(), all.Order());
        var told = Assert.Throws<CniException>(() => agent.Answer(Call("ADD", "one-more")));
        Assert.Equal("pool pool has no free address left on this node", told.Message);
        agent.Answer(Call("DEL", "x3"));
        Assert.Equal(all[3], Address(agent.Answer(Call("ADD", "one-more"))!));
    }

    [Fact]
    public void An_agent_that_starts_again_knows_who_has_what_and_N9_deleting_what_nobody_knows_is_no_error()
    {
        var first = Address(Agent().Answer(Call("ADD", "a"))!);
        var again = Agent();
        Assert.NotEqual(first, Address(again.Answer(Call("ADD", "b"))!));
        Assert.Equal(first, Address(again.Answer(Call("ADD", "a"))!));
        Assert.Null(again.Answer(Call("DEL", "nobody")));
        File.Delete(Store);
        Assert.Null(Agent().Answer(Call("DEL", "a")));
    }

    [Fact]
    public void Addresses_of_a_pod_that_is_gone_come_back_although_nobody_deleted_its_sandbox()
    {
        var agent = Agent();
        var lost = Address(agent.Answer(Call("ADD", "lost", pod: "uid-1"))!);
        agent.Answer(Call("ADD", "kept", pod: "uid-2"));
        agent.Answer(Call("ADD", "unknown"));

        // One look is not enough: a pod's sandbox may be there before the agent hears of the pod.
        Assert.Empty(agent.Collect(new HashSet<string> { "uid-2" }));
        Assert.Empty(agent.Collect(new HashSet<string> { "uid-1", "uid-2" }));
        Assert.Empty(agent.Collect(new HashSet<string> { "uid-2" }));
        Assert.Equal([lost.Split('/')[0]], agent.Collect(new HashSet<string> { "uid-2" }));
        Assert.Equal(lost, Address(Agent().Answer(Call("ADD", "next"))!));
    }

    [Fact]
    public void The_answer_has_what_the_pool_says_of_gateway_and_routes()
    {
        var block = Agent().Answer(Call("ADD", "a"))!;
        Assert.Equal("10.0.0.2/24 10.0.0.1", $"{Address(block)} {(string?)block["ips"]![0]!["gateway"]}");
        Assert.Equal("""[{"dst":"10.9.0.0/16","gw":"10.0.0.1"}]""", block["routes"]!.ToJsonString());
        var network = Agent().Answer(Call(
            "ADD", "b", args: new JsonObject { ["poolNames"] = new JsonArray("loopback"), ["poolType"] = "cidrpool", ["allocateDefaultGateway"] = true }))!;
        Assert.Equal("10.1.0.10/29 10.1.0.9", $"{Address(network)} {(string?)network["ips"]![0]!["gateway"]}");
        Assert.Equal("""[{"dst":"0.0.0.0/0","gw":"10.1.0.9"}]""", network["routes"]!.ToJsonString());
    }

    [Theory]
    [InlineData(3, "10.0.0.4/24")]
    [InlineData(16, null)]
    [InlineData(-1, null)]
    public void An_address_may_be_asked_for_by_its_place_in_the_nodes_part(int index, string? expected)
    {
        var arguments = new JsonObject { ["poolNames"] = new JsonArray("pool"), ["poolType"] = "ippool", ["allocateIPWithIndex"] = index };
        if (expected is null)
        {
            Assert.Contains("is taken or outside", Assert.Throws<CniException>(() => Agent().Answer(Call("ADD", "a", args: arguments))).Message, StringComparison.Ordinal);
            return;
        }

        Assert.Equal(expected, Address(Agent().Answer(Call("ADD", "a", args: arguments))!));
        Assert.Contains(
            "10.0.0.4 (index 3) is taken",
            Assert.Throws<CniException>(() => Agent().Answer(Call("ADD", "b", args: (JsonObject)arguments.DeepClone()))).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void What_is_missing_is_said_and_can_be_tried_again()
    {
        var arguments = new JsonObject { ["poolNames"] = new JsonArray("none"), ["poolType"] = "cidrpool" };
        var none = Assert.Throws<CniException>(() => Agent().Answer(Call("ADD", "a", args: arguments)));
        Assert.Equal((11, "there is no cidrpool none (yet)"), ((int)none.Answer["code"]!, none.Message));
        var part = Assert.Throws<CniException>(() => Agent("dpu9").Answer(Call("ADD", "a")));
        Assert.Equal("ippool pool has no part for node dpu9 (yet): is the pool large enough?", part.Message);
        var unnamed = Assert.Throws<CniException>(() => Agent().Answer(Call("ADD", "a", args: [])));
        Assert.Equal((11, "default/web net1: no pool is named yet; the chain's ipam names it"), ((int)unnamed.Answer["code"]!, unnamed.Message));
    }

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    private string Store => Path.Combine(_folder, "store");

    private static List<string> Usable() => [.. Enumerable.Range(2, 15).Except([5, 6]).Select(i => $"10.0.0.{i}/24")];

    private NodeAddresses Agent(string node = "dpu1") => new(node, () => [Blocks], () => [Networks], Store, poolNeeded: true);

    private static string Address(JsonObject answer) => (string)answer["ips"]![0]!["address"]!;

    private static CniCall Call(string command, string container, string? pod = null, JsonObject? args = null) => new(
        command, container, "/run/netns/x", "net1", $"K8S_POD_NAMESPACE=default;K8S_POD_NAME=web{(pod is null ? "" : ";K8S_POD_UID=" + pod)}", "",
        new JsonObject
        {
            ["name"] = "mybrsfc",
            ["args"] = new JsonObject { ["cni"] = args ?? new JsonObject { ["poolNames"] = new JsonArray("pool"), ["poolType"] = "ippool" } },
        });
}
