using System.Text.Json.Nodes;
using Dpf.Chaining.Cni;
using Dpf.Chaining.OvsCni;
using Dpf.Chaining.Switching;
using Dpf.Runtime.Machines;
using Microsoft.Extensions.Logging.Abstractions;

namespace Dpf.Chaining.Tests.OvsCni;

/// <summary>Which VLANs a pod's port on a bridge lets through.</summary>
[Collection(DummySwitch.OneAtATime)]
public sealed class VlanTrunkTests
{
    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData("[]", "")]
    [InlineData("""[{"id": 42}]""", "42")]
    [InlineData("""[{"minID": 12, "maxID": 14}, {"id": 4095}, {"id": 13}]""", "12 13 14 4095")]
    public void A_trunk_names_single_VLANs_and_ranges(string trunk, string vlans) =>
        Assert.Equal(vlans, string.Join(' ', VlanTrunk.Parse(JsonNode.Parse(trunk))));

    [Theory]
    [InlineData("42")]
    [InlineData("[42]")]
    [InlineData("[{}]")]
    [InlineData("""[{"id": 4096}]""")]
    [InlineData("""[{"id": -1}]""")]
    [InlineData("""[{"minID": 9, "maxID": 8}]""")]
    [InlineData("""[{"minID": 9}]""")]
    [InlineData("""[{"id": "x"}]""")]
    public void What_is_no_trunk_is_refused_and_not_taken_for_all_VLANs(string trunk) =>
        Assert.Equal(7, (int?)Assert.Throws<CniException>(() => VlanTrunk.Parse(JsonNode.Parse(trunk))).Answer["code"]);

    [Fact]
    public async Task A_port_lets_only_its_VLANs_through_and_has_the_number_that_is_asked_for()
    {
        await using var real = await DummySwitch.StartAsync(Cancellation);
        await using var ovs = new NodeSwitch(new LocalMachine(), TimeProvider.System, NullLogger.Instance, real.Socket);
        await ovs.Client.WaitUntilSyncedAsync(Cancellation);
        var attachment = new Attachment("one", "net1", "/run/netns/one", "br-sfc", "vethone", "ns/one/net1", "", null, null, null, [42, 43], 77);
        await ovs.ApplyAsync(Attachment.Rows([attachment], ovs.View), Cancellation);
        Assert.Equal("[42, 43]", (await real.VsctlAsync("get", "port", "vethone", "trunks")).Trim());
        Assert.Equal("trunk", (await real.VsctlAsync("get", "port", "vethone", "vlan_mode")).Trim());
        Assert.Equal("77", (await real.VsctlAsync("get", "interface", "vethone", "ofport_request")).Trim());
    }
}
