using Dpf.Ovn.Addressing;
using Dpf.Ovn.Node;
using Dpf.Runtime.Addressing;
using Dpf.Runtime.Netlink;
using Dpf.Testing;
using Microsoft.Extensions.Logging.Abstractions;

namespace Dpf.Ovn.Tests.Node;

/// <summary>The host's side in a real kernel.</summary>
public sealed class HostNetworkKernelTests : IAsyncLifetime
{
    private static readonly HostFacts Facts = new("pf", [IpAddress.Parse("10.0.123.21")], [Cidr.Parse("10.233.64.0/24")], Sample.Network);
    private NamespaceMachine _machine = null!;
    private KernelNetwork _kernel = null!;
    private HostNetwork _host = null!;

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync()
    {
        _machine = await NamespaceMachine.StartAsync(Cancellation);
        _kernel = new KernelNetwork(_machine);
        _host = new HostNetwork(_machine, TimeProvider.System, NullLogger.Instance);
        await _machine.ShellAsync(
            "ip link add pf type veth peer name pf-far; ip link add ovn-k8s-mp0 type veth peer name mp-far; " +
            "ip link set pf-far up; ip link set mp-far up; ip link set pf up; ip addr add 10.0.123.21/24 dev pf",
            Cancellation);
        await _host.ApplyAsync(Facts, [], Cancellation);
    }

    public ValueTask DisposeAsync() => _machine.DisposeAsync();

    [Fact]
    public void WhatWasAppliedIsSeenAsThere() => Assert.Empty(HostNetwork.Missing(Facts, _kernel.State(IpFamily.V4)));

    /// <summary>Users' pains 14: routes and links are put back after <c>netplan apply</c>, flaps and restarts.</summary>
    [Theory]
    [InlineData("ip addr del 169.254.0.2/17 dev pf")]
    [InlineData("ip addr flush dev pf; ip addr add 10.0.123.21/24 dev pf")]
    [InlineData("ip link set pf down; ip link set pf up")]
    [InlineData("ip route del 10.233.0.0/18")]
    [InlineData("ip route replace 10.233.0.0/18 via 169.254.0.4 dev pf")]
    [InlineData("ip neigh flush dev pf nud permanent")]
    [InlineData("ip link set ovn-k8s-mp0 down")]
    [InlineData("ip link set ovn-k8s-mp0 mtu 1500")]
    [InlineData("ip addr flush dev ovn-k8s-mp0")]
    [InlineData("ip link del mp-far; ip link add ovn-k8s-mp0 type veth peer name mp-far; ip link set mp-far up")]
    public async Task Pain14_WhatIsTakenAwayComesBack(string harm)
    {
        await _machine.ShellAsync(harm, Cancellation);
        Assert.NotEmpty(HostNetwork.Missing(Facts, _kernel.State(IpFamily.V4)));
        await _host.ApplyAsync(Facts, [], Cancellation);
        Assert.Empty(HostNetwork.Missing(Facts, _kernel.State(IpFamily.V4)));
    }

    [Fact]
    public async Task AnotherSubnetLeavesNothingOfTheFormerOneOnThePort()
    {
        var moved = Facts with { Subnets = [Cidr.Parse("10.233.70.0/24")] };
        Assert.NotEmpty(HostNetwork.Stale(moved, _kernel.State(IpFamily.V4)));

        await _host.ApplyAsync(moved, [], Cancellation);

        var state = _kernel.State(IpFamily.V4);
        Assert.Empty(HostNetwork.Stale(moved, state));
        Assert.Empty(HostNetwork.Missing(moved, state));
        var port = state.Links.Single(l => l.Name == "ovn-k8s-mp0");
        Assert.Equal(("0a:58:0a:e9:46:02", Cidr.Parse("10.233.70.2/24")), (port.Mac, Assert.Single(port.Addresses)));
    }

    /// <summary>On a host where IPv6 is off unless somebody wants it.</summary>
    [Fact]
    public async Task BothFamiliesAreThereAndComeBack()
    {
        await _machine.ShellAsync(
            "sysctl -qw net.ipv6.conf.pf.disable_ipv6=1 net.ipv6.conf.ovn-k8s-mp0.disable_ipv6=0; sysctl -qw net.ipv6.conf.pf.disable_ipv6=0; " +
            "ip addr add fd00:123::21/64 dev pf nodad; sysctl -qw net.ipv6.conf.ovn-k8s-mp0.disable_ipv6=1",
            Cancellation);
        var dual = new HostFacts(
            "pf", [IpAddress.Parse("10.0.123.21"), IpAddress.Parse("fd00:123::21")], Sample.DualFacts.Local!.Subnets, Sample.DualNetwork);
        foreach (var harm in (string[])["true", "ip link set ovn-k8s-mp0 down", "ip addr del fd69::2/112 dev pf", "ip -6 route del fd00:10:96::/112", "ip -6 neigh flush dev pf nud permanent"])
        {
            await _machine.ShellAsync(harm, Cancellation);
            Assert.NotEmpty(HostNetwork.Missing(dual, _kernel.State(Enum.GetValues<IpFamily>())));
            await _host.ApplyAsync(dual, [], Cancellation);
            Assert.Empty(HostNetwork.Missing(dual, _kernel.State(Enum.GetValues<IpFamily>())));
        }
    }

    /// <summary>A host's default route is seldom over the device that external clients of a service come by.</summary>
    [Fact]
    public async Task AnswersToExternalClientsThatKeepTheirAddressLookForTheirRouteApart()
    {
        await _machine.ShellAsync(
            "sysctl -qw net.ipv6.conf.pf.disable_ipv6=0; ip addr add fd00:123::21/64 dev pf nodad; ip link add oob type veth peer name oob-far; " +
            "ip addr add 10.0.110.11/24 dev oob; ip link set oob up; ip link set oob-far up; ip route add default via 10.0.110.254",
            Cancellation);
        var facts = Facts with
        {
            Node = "worker1",
            Gateway = Sample.Gateway("10.0.123.21/24", "10.0.123.254", "fd00:123::21/64", "fd00:123::fe"),
            HostAddresses = [IpAddress.Parse("10.0.110.11"), IpAddress.Parse("10.0.123.21"), IpAddress.Parse("fd00:123::21")],
        };
        var port = Sample.Port(30080, ("10.0.110.11", "worker1"), ("fd00:123::21", "worker1"));
        await _host.ApplyAsync(facts, [], Cancellation);
        Assert.DoesNotContain("28534", await _machine.ShellAsync("ip rule", Cancellation), StringComparison.Ordinal);
        foreach (var name in (string[])["one", "another"])
        {
            await _host.ApplyAsync(facts, [Sample.Service(port) with { Name = name, ExternalLocal = true }], Cancellation);
        }

        var ways = await _machine.ShellAsync(
            "ip route get 198.51.100.10 mark 0x10000000; ip route get 198.51.100.10; ip route get 10.0.123.7 mark 0x10000000; ip -6 route get 2001:db8::7 mark 0x10000000",
            Cancellation);
        Assert.Collection(
            ways.Split('\n', StringSplitOptions.RemoveEmptyEntries).Where(l => l.Contains(" dev ", StringComparison.Ordinal)),
            marked => Assert.Contains("via 10.0.123.254 dev pf", marked, StringComparison.Ordinal),
            plain => Assert.Contains("via 10.0.110.254 dev oob", plain, StringComparison.Ordinal),
            neighbour => Assert.StartsWith("10.0.123.7 dev pf", neighbour, StringComparison.Ordinal),
            six => Assert.Contains("via fd00:123::fe dev pf", six, StringComparison.Ordinal));
    }

    /// <summary>
    /// The loopback device, by which the host thinks it goes before the port is translated, has larger packets than the way to services:
    /// the first connection in ten minutes stood still.
    /// </summary>
    [Fact]
    public async Task ANodePortOfTheHostsOwnAddressCarriesMoreThanTheFirstPacket()
    {
        var service = Sample.Service(Sample.Port(30080, ("10.233.65.9", "worker2")));
        await _host.ApplyAsync(Facts, [service], Cancellation);
        var sent = await _machine.ShellAsync(
            $"""
            ip link set lo up
            ip link set pf-far address {IpAddress.Parse("169.254.0.4").Mac}
            setsid unshare -n sleep 30 </dev/null >/dev/null 2>&1 & far=$!
            until [ "$(readlink /proc/$far/ns/net)" != "$(readlink /proc/self/ns/net)" ]; do sleep 0.05; done
            ip link set pf-far netns $far
            nsenter -t $far -n sh -c 'ip link set lo up; ip link set pf-far up; ip addr add {service.ClusterIps[0]}/32 dev pf-far; ip route add 169.254.0.0/17 dev pf-far'
            received=$(mktemp)
            nsenter -t $far -n timeout 20 socat -u TCP-LISTEN:80 OPEN:$received,trunc </dev/null >/dev/null 2>&1 & server=$!
            until head -c 300000 /dev/zero | timeout 5 socat -u - TCP:10.0.123.21:30080,connect-timeout=2 2>/dev/null || ! kill -0 $server 2>/dev/null; do sleep 0.1; done
            wait $server; kill $far; stat -c %s $received; rm $received
            """,
            Cancellation);
        Assert.Equal("300000", sent.Trim());
    }
}
