using Dpf.Ovn.Annotations;
using Dpf.Ovn.Node;
using Dpf.Runtime.Addressing;
using Dpf.Testing;
using k8s.Models;
using Microsoft.Extensions.Logging.Abstractions;
using Switch = Dpf.Ovn.Node.OpenVSwitch;

namespace Dpf.Ovn.Tests.Node;

/// <summary>The key of the switch's database by which the provisioner tells the node agent its address.</summary>
public sealed class TunnelEndpointTests : IAsyncLifetime
{
    private static readonly IpAddress First = IpAddress.Parse("10.0.123.11");
    private AgentWorld _world = null!;
    private OvsdbServer _database = null!;
    private Switch _ovs = null!;

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync()
    {
        _world = await AgentWorld.StartAsync("10.233.64.0/24");
        _database = await _world.StartSwitchAsync();
        _ovs = new Switch(_world.Machine, TimeProvider.System, NullLogger.Instance);
        await SetAsync("ovn-encap-ip=10.0.123.11", "system-id=chassis-worker1");
    }

    public async ValueTask DisposeAsync()
    {
        await _ovs.DisposeAsync();
        await _database.DisposeAsync();
        await _world.DisposeAsync();
    }

    [Fact]
    public async Task Another_endpoint_ends_the_agent_and_says_which()
    {
        Assert.Equal(First, await TunnelEndpoint.WaitAsync(_ovs, Cancellation));
        var staying = TunnelEndpoint.StaysAsync(_ovs, First, Cancellation);
        await SetAsync("something-else=1");

        await SetAsync("ovn-encap-ip=10.0.123.12");

        var failure = await Assert.ThrowsAsync<InvalidOperationException>(() => staying);
        Assert.Contains("was 10.0.123.11 and is 10.0.123.12 now", failure.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(true, "10.0.123.12")]
    [InlineData(false, "10.0.123.11")]
    public async Task What_the_provisioner_wrote_is_its_own(bool isTold, string expected)
    {
        await _ovs.Client.WaitUntilSyncedAsync(Cancellation);
        await SetAsync("ovn-encap-ip=10.0.123.12");

        await OvnChassis.ConfigureAsync(_world.Node, _ovs, First, isTold, "br-ovn", userspace: false, Cancellation);

        Assert.Equal(
            $"\"{expected}\"", (await OvsdbServer.RunAsync(Cancellation, "ovs-vsctl", "--no-wait", $"--db=unix:{_database.Socket}", "get", "Open_vSwitch", ".", "external_ids:ovn-encap-ip")).Trim());
        var node = await _world.Cluster.Client.GetAsync<V1Node>(null, "worker1", Cancellation);
        Assert.Equal("chassis-worker1", NodeAnnotations.Plain(node!.Metadata.Annotations, NodeAnnotations.ChassisId));
    }

    private async Task SetAsync(params string[] ids)
    {
        await OvsdbServer.RunAsync(
            Cancellation, ["ovs-vsctl", "--no-wait", $"--db=unix:{_database.Socket}", "set", "Open_vSwitch", ".", .. ids.Select(i => "external_ids:" + i)]);
        await _ovs.Client.Replica.WaitForAsync(
            s => ids.All(i => Switch.ExternalId(s, i.Split('=')[0]) == i.Split('=')[1]), Cancellation);
    }
}
