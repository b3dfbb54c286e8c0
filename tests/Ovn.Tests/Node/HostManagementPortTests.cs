using Dpf.Ovn.Addressing;
using Dpf.Ovn.Annotations;
using Dpf.Ovn.Node.Host;
using Dpf.Runtime.Addressing;
using Dpf.Runtime.Netlink;
using k8s.Models;

namespace Dpf.Ovn.Tests.Node;

public sealed class HostManagementPortTests
{
    private static readonly Cidr Subnet = Cidr.Parse("10.233.64.0/24");

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    /// <summary>The host did not boot meanwhile: the VF has the port's name already.</summary>
    [Fact]
    public async Task A_node_that_is_registered_again_is_told_which_function_its_port_is()
    {
        await using var world = await AgentWorld.StartAsync(Subnet.ToString());
        var (card, function) = ("/sys/bus/pci/devices/0000:03:00.0", "/sys/bus/pci/devices/0000:03:00.5");
        Directory.CreateDirectory(world.Machine.Path(card));
        Directory.CreateDirectory(world.Machine.Path(function));
        File.CreateSymbolicLink(world.Machine.Path(function + "/physfn"), "../0000:03:00.0");
        File.CreateSymbolicLink(world.Machine.Path(card + "/virtfn3"), "../0000:03:00.5");
        Directory.CreateDirectory(world.Machine.Path("/sys/class/net/ovn-k8s-mp0"));
        File.CreateSymbolicLink(world.Machine.Path("/sys/class/net/ovn-k8s-mp0/device"), "../../../bus/pci/devices/0000:03:00.5");

        await HostManagementPort.TakeAsync(world.Node, [new Link("ovn-k8s-mp0", Subnet.At(2).Mac, [])], Subnet, Cancellation);

        var node = await world.Cluster.Client.GetAsync<V1Node>(null, "worker1", Cancellation);
        Assert.Equal("""{"PfId":0,"FuncId":3}""", node!.Metadata.Annotations[NodeAnnotations.ManagementPort]);
    }

    [Fact]
    public async Task Without_a_function_there_is_something_to_wait_for()
    {
        await using var world = await AgentWorld.StartAsync(Subnet.ToString());
        var failure = await Assert.ThrowsAsync<InvalidOperationException>(() => HostManagementPort.TakeAsync(world.Node, [], Subnet, Cancellation));
        Assert.Contains("waiting for the VF ens1f0v0", failure.Message, StringComparison.Ordinal);
    }
}
