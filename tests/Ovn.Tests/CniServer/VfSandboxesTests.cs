using Dpf.Ovn.Annotations;
using Dpf.Ovn.CniServer;
using Dpf.Ovn.Node;
using Dpf.Runtime.Addressing;
using Dpf.Runtime.Netlink;
using Dpf.Testing;
using Microsoft.Extensions.Logging.Abstractions;

namespace Dpf.Ovn.Tests.CniServer;

/// <summary>VFs and sandboxes in real network namespaces; a VF is one end of a pair whose other end stands for the representor.</summary>
public sealed class VfSandboxesTests : IAsyncLifetime
{
    private const string Pci = "0000:03:00.4";
    private static readonly PodNetwork Network = PodNetwork.Of([Cidr.Parse("10.233.64.3/24")], Sample.Network);

    private static readonly AttachmentState State = new("ens1f0v2", "eth0")
    {
        NetworkNamespace = "/run/netns/pod", PciAddress = Pci, Pod = "default/a", Addresses = Network.Write(), Mtu = 1400,
    };

    private NamespaceMachine _machine = null!;
    private VfSandboxes _sandboxes = null!;

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync()
    {
        _machine = await NamespaceMachine.StartAsync(Cancellation);
        await _machine.ShellAsync(
            $"""
            mkdir -p /sys/bus/pci/devices/{Pci}/net/ens1f0v2 /sys/bus/pci/devices/0000:03:00.0
            ln -s ../0000:03:00.0 /sys/bus/pci/devices/{Pci}/physfn
            ln -s ../{Pci} /sys/bus/pci/devices/0000:03:00.0/virtfn2
            ip netns add pod
            ip link add ens1f0v2 type veth peer name pf0vf2
            """,
            Cancellation);
        _sandboxes = Sandboxes(1400);
    }

    public async ValueTask DisposeAsync()
    {
        _sandboxes.Dispose();
        await _machine.DisposeAsync();
    }

    [Fact]
    public async Task AVfBecomesThePodsInterfaceAndGoesBackUnderItsOwnName()
    {
        await _sandboxes.EnterAsync("abcdef0123456789", State, Network, Cancellation);
        await IsConnectedAsync(1400);
        Assert.Null(_sandboxes.OnHost(Pci));

        // Again, as a runtime does that did not hear the answer.
        await _sandboxes.EnterAsync("abcdef0123456789", State, Network, Cancellation);
        await IsConnectedAsync(1400);

        await _sandboxes.LeaveAsync("abcdef0123456789", Cancellation);
        Assert.Equal("ens1f0v2", _sandboxes.OnHost(Pci));
        Assert.Empty(AttachmentState.All(_machine));
        await _sandboxes.LeaveAsync("abcdef0123456789", Cancellation);
    }

    /// <summary>A known fault of the original (1): the DPU reboots, the VF goes and comes back as a new device.</summary>
    [Fact]
    public async Task Bug1_AVfThatCameBackIsThePodsAgain()
    {
        await _sandboxes.EnterAsync("abcdef0123456789", State, Network, Cancellation);
        await _machine.ShellAsync("ip link del pf0vf2", Cancellation);
        await _sandboxes.RestoreAsync(Cancellation);
        Assert.DoesNotContain("eth0", await InPodAsync("ip link show"), StringComparison.Ordinal);

        await _machine.ShellAsync("ip link add ens1f0v2 type veth peer name pf0vf2", Cancellation);
        using var restarted = Sandboxes(1400);
        await restarted.RestoreAsync(Cancellation);
        await IsConnectedAsync(1400);
    }

    [Fact]
    public async Task AVfOfADualStackPodComesBackWithBothAddresses()
    {
        var network = PodNetwork.Of([Cidr.Parse("10.233.64.3/24"), Cidr.Parse("fd00:10:233:1::3/64")], Sample.DualNetwork);
        var state = State with { Addresses = network.Write() };
        await _sandboxes.EnterAsync("abcdef0123456789", state, network, Cancellation);
        await HasIpv6Async();
        await _machine.ShellAsync("ip link del pf0vf2; ip link add ens1f0v2 type veth peer name pf0vf2", Cancellation);
        await _sandboxes.RestoreAsync(Cancellation);
        await IsConnectedAsync(1400);
        await HasIpv6Async();

        async Task HasIpv6Async()
        {
            Assert.Contains("fd00:10:233:1::3/64", await InPodAsync("ip -6 addr show dev eth0"), StringComparison.Ordinal);
            var routes = await InPodAsync("ip -6 route show");
            Assert.All(
                (string[])["default via fd00:10:233:1::1 dev eth0", "fd00:10:96::/112 via fd00:10:233:1::1", "fd69::5 via fd00:10:233:1::1"],
                route => Assert.Contains(route, routes, StringComparison.Ordinal));
        }
    }

    /// <summary>A runtime cleans up before it begins; on a new node the folder of sandboxes is not there yet.</summary>
    [Fact]
    public void A_sandbox_that_was_never_known_is_forgotten_all_the_same()
    {
        AttachmentState.Remove(_machine, "abcdef0123456789");

        Assert.Empty(AttachmentState.All(_machine));
    }

    /// <summary>A known fault of the original (13): a DEL that came while the VF was gone, and one whose VF is on the host already.</summary>
    [Theory]
    [InlineData("ip link del pf0vf2")]
    [InlineData("ip -n pod link set eth0 down; ip -n pod link set eth0 name ens1f0v2; ip -n pod link set ens1f0v2 netns 1")]
    public async Task Bug13_ADelSucceedsWhereverTheVfIs(string harm)
    {
        await _sandboxes.EnterAsync("abcdef0123456789", State, Network, Cancellation);
        await _machine.ShellAsync(harm, Cancellation);
        await _sandboxes.LeaveAsync("abcdef0123456789", Cancellation);
        Assert.Empty(AttachmentState.All(_machine));
    }

    /// <summary>The kernel gives a VF back under the name that it had in the pod.</summary>
    [Fact]
    public async Task ASandboxThatEndedWithoutADelIsCollectedAndItsVfNamedAsBefore()
    {
        await _sandboxes.EnterAsync("abcdef0123456789", State, Network, Cancellation);
        await _machine.ShellAsync(
            $"ip -n pod link set eth0 netns 1; ip netns del pod; mv /sys/bus/pci/devices/{Pci}/net/ens1f0v2 /sys/bus/pci/devices/{Pci}/net/eth0",
            Cancellation);
        await _sandboxes.RestoreAsync(Cancellation);
        Assert.Contains("ens1f0v2", new KernelNetwork(_machine).Names());
        Assert.Empty(AttachmentState.All(_machine));
    }

    /// <summary>Users' pains 18: the MTU is changed later, and running pods follow.</summary>
    [Fact]
    public async Task Pain18_AnotherMtuReachesRunningPods()
    {
        await _sandboxes.EnterAsync("abcdef0123456789", State, Network, Cancellation);
        using var restarted = Sandboxes(8900);
        await restarted.RestoreAsync(Cancellation);
        await IsConnectedAsync(8900);
    }

    [Fact]
    public async Task OneBrokenSandboxDoesNotKeepTheOthersFromTheirVfs()
    {
        await _sandboxes.EnterAsync("abcdef0123456789", State, Network, Cancellation);
        (State with { Device = "lo", PciAddress = null }).Save(_machine, "0");
        await _machine.ShellAsync("ip link del pf0vf2; ip link add ens1f0v2 type veth peer name pf0vf2", Cancellation);
        await _sandboxes.RestoreAsync(Cancellation);
        await IsConnectedAsync(1400);
    }

    private VfSandboxes Sandboxes(int mtu) => new(_machine, new PciDevices(_machine), mtu, NullLogger.Instance);

    private Task<string> InPodAsync(string line) => _machine.ShellAsync("ip netns exec pod " + line, Cancellation);

    private async Task IsConnectedAsync(int mtu)
    {
        var link = await InPodAsync("ip -4 addr show dev eth0");
        Assert.Contains("10.233.64.3/24", link, StringComparison.Ordinal);
        Assert.Contains($"mtu {mtu}", link, StringComparison.Ordinal);
        Assert.Contains(Network.Mac, await InPodAsync("ip link show dev eth0"), StringComparison.Ordinal);
        var routes = await InPodAsync("ip route show");
        Assert.All(
            (string[])["default via 10.233.64.1 dev eth0", "100.64.0.0/16 via 10.233.64.1", "169.254.0.5 via 10.233.64.1"],
            route => Assert.Contains(route, routes, StringComparison.Ordinal));
    }
}
