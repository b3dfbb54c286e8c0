using System.Text.Json.Nodes;
using Dpf.Runtime.Addressing;
using Dpf.Runtime.Machines;
using Dpf.Runtime.Netlink;
using Dpf.Testing;

namespace Dpf.Runtime.Tests.Netlink;

/// <summary>The kernel's own view of a network, beside that of <c>ip</c>.</summary>
public sealed class KernelNetworkTests : IAsyncLifetime
{
    private NamespaceMachine _machine = null!;
    private KernelNetwork _ours = null!;

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync()
    {
        _machine = await NamespaceMachine.StartAsync(Cancellation);
        await _machine.ShellAsync("ip netns add ours; ip netns add theirs; ip netns add pod-ours; ip netns add pod-theirs", Cancellation);
        await _machine.ShellAsync(
            "for n in ours theirs pod-ours pod-theirs; do ip netns exec $n sysctl -qw net.ipv6.conf.all.disable_ipv6=0 net.ipv6.conf.default.disable_ipv6=0 " +
            "net.ipv6.conf.default.addr_gen_mode=1 net.ipv6.conf.default.router_solicitations=0; " +
            "ip -n $n link add bridge0 address 0a:58:0a:00:00:bb type bridge; done",
            Cancellation);
        _ours = new KernelNetwork(_machine, "/run/netns/ours");
    }

    public ValueTask DisposeAsync() => _machine.DisposeAsync();

    /// <summary>The text of a change is the line of <c>ip</c> that does the same: both are done, and <c>ip</c> shows the same.</summary>
    [Fact]
    public async Task EachChangeDoesWhatItsLineWouldDo()
    {
        IReadOnlyList<NetworkChange> Changes(string owner) =>
        [
            new SetLink("lo") { IsUp = true },
            new AddVeth("one", "two", null, 1450),
            new AddVeth("three", "inside", _machine.NetworkAt($"/run/netns/pod-{owner}"), 1400),
            new SetLink("one") { Mac = "0a:58:0a:00:00:01", Mtu = 1390, IsUp = true },
            new SetLink("two") { NewName = "deux", IsUp = true },
            new SetLink("deux") { Master = "bridge0" },
            new SetAddress(Cidr.Parse("10.0.0.1/24"), "one"),
            new SetAddress(Cidr.Parse("10.0.0.1/24"), "one"),
            new SetAddress(Cidr.Parse("10.0.9.1/24"), "one"),
            new DeleteAddress(Cidr.Parse("10.0.9.1/24"), "one"),
            new SetAddress(Cidr.Parse("fd00::1/64"), "one"),
            new SetRoute(new Route(Cidr.Parse("10.1.0.0/16"), IpAddress.Parse("10.0.0.2"), "one", IpAddress.Parse("10.0.0.1"), 1300)),
            new SetRoute(new Route(Cidr.Parse("10.1.0.0/16"), IpAddress.Parse("10.0.0.3"), "one")),
            new SetRoute(new Route(Cidr.Parse("10.2.0.0/16"), IpAddress.Parse("10.0.0.2"), "one", Metric: 10000)),
            new SetRoute(new Route(Cidr.Parse("169.254.0.1/32"), null, "one")),
            new SetRoute(new Route(Cidr.Parse("0.0.0.0/0"), IpAddress.Parse("10.0.0.254"), "one")),
            new SetRoute(new Route(Cidr.Parse("fd01::/48"), IpAddress.Parse("fd00::2"), "one", IpAddress.Parse("fd00::1"), 1300)),
            new SetRoute(new Route(Cidr.Parse("::/0"), IpAddress.Parse("fd00::ff"), "one")),
            new SetRoute(new Route(Cidr.Parse("10.3.0.0/16"), IpAddress.Parse("10.0.0.2"), "one")) { Table = 28534 },
            new SetRule(IpFamily.V4, 0x10000000, 28534),
            new SetNeighbour(new Neighbour(IpAddress.Parse("10.0.0.2"), "0a:58:0a:00:00:02", "one")),
            new SetNeighbour(new Neighbour(IpAddress.Parse("10.0.0.2"), "0a:58:0a:00:00:03", "one")),
            new SetNeighbour(new Neighbour(IpAddress.Parse("fd00::2"), "0a:58:0a:00:00:04", "one")),
            new AddVeth("gone", "gone-too", null, 1500),
            new DeleteLink("gone"),
            new AddVeth("ens1f0v2", "representor", null, 1500),
            new SetLink("ens1f0v2")
            {
                NewName = "eth0", Mac = "0a:58:0a:00:00:05", Mtu = 1400, IsUp = true, Namespace = _machine.NetworkAt($"/run/netns/pod-{owner}"),
            },
        ];

        await _ours.ApplyAsync(Cancellation, Changes("ours"));

        var lines = Changes("theirs").Select(c => c.ToString().Replace(_machine.Path(""), "", StringComparison.Ordinal));
        var command = new MachineCommand("ip", "-batch", "-") { Input = string.Join('\n', lines) + "\n", NetworkNamespace = "/run/netns/theirs" };
        var result = await _machine.RunAsync(command, Cancellation);
        Assert.True(result.Succeeded, result.Error);

        Assert.Equal(await ShownAsync("theirs"), await ShownAsync("ours"));
        Assert.Equal(await ShownAsync("pod-theirs"), await ShownAsync("pod-ours"));
    }

    [Fact]
    public async Task WhatIsThereIsReadAsIpShowsIt()
    {
        await _machine.ShellAsync(
            """
            ip netns exec ours sh -ec '
            ip link set lo up; ip link add one address 02:00:00:00:00:01 mtu 1400 type veth peer name two; ip link set one up; ip link set two up master bridge0
            ip addr add 10.0.0.1/24 dev one; ip addr add 10.0.0.9/32 dev one; ip addr add fd00::1/64 dev one nodad; ip addr add fd00::9/64 dev one nodad preferred_lft 0
            ip route add default via 10.0.0.254 dev one metric 100; ip route add default via 10.0.0.253 dev one metric 50; ip route add unreachable 10.9.0.0/16
            ip route add 10.1.0.0/16 via 10.0.0.2 dev one src 10.0.0.1 mtu 1300; ip route add 10.8.0.0/16 via 10.0.0.2 dev one table 7
            ip -6 route add fd01::/48 via fd00::2 dev one metric 5; ip -6 route add fd02::/48 via fd00::2 dev one
            ip neigh add 10.0.0.2 lladdr 02:00:00:00:00:02 dev one nud permanent; ip neigh add 10.0.0.3 lladdr 02:00:00:00:00:03 dev one nud reachable
            ip neigh add fd00::2 lladdr 02:00:00:00:00:04 dev one nud permanent'
            """,
            Cancellation);
        var state = _ours.State(IpFamily.V4, IpFamily.V6);
        var one = Assert.Single(state.Links, l => l.Name == "one");
        Assert.Equal(("02:00:00:00:00:01", 1400, true, "veth"), (one.Mac, one.Mtu, one.IsUp, one.Kind));
        Assert.Null(one.Master);
        Assert.Equal(Assert.Single(state.Links, l => l.Kind == "bridge").Index, Assert.Single(state.Links, l => l.Name == "two").Master);
        Assert.Equal(["10.0.0.1/24", "10.0.0.9/32", "fd00::1/64"], one.Addresses.Select(a => a.ToString()).Order(StringComparer.Ordinal));
        Assert.Equal(["bridge0", "lo", "one", "two"], _ours.Names().Order(StringComparer.Ordinal));
        Assert.True(_ours.Has("bridge0"));
        Assert.All(["bridge1", "", "longer-than-any-interface"], name => Assert.False(_ours.Has(name)));
        var (hop, hop6) = (IpAddress.Parse("10.0.0.2"), IpAddress.Parse("fd00::2"));
        Assert.Contains(new Route(Cidr.Parse("10.1.0.0/16"), hop, "one", IpAddress.Parse("10.0.0.1"), 1300), state.Routes);
        Assert.Contains(new Route(Cidr.Parse("fd01::/48"), hop6, "one", Metric: 5), state.Routes);
        Assert.Contains(new Route(Cidr.Parse("fd02::/48"), hop6, "one"), state.Routes);
        Assert.Contains(new Route(Cidr.Parse("10.0.0.0/24"), null, "one", IpAddress.Parse("10.0.0.1")), state.Routes);
        Assert.DoesNotContain(state.Routes, r => r.To == Cidr.Parse("10.8.0.0/16") || r.To == Cidr.Parse("10.9.0.0/16") || r.To == Cidr.Parse("10.0.0.1/32"));
        Assert.Equal(IpAddress.Parse("10.0.0.253"), state.DefaultGateway(IpFamily.V4));
        Assert.Null(state.DefaultGateway(IpFamily.V4, "two"));
        Assert.Null(state.DefaultGateway(IpFamily.V6));
        Assert.Equal(
            [new Neighbour(hop, "02:00:00:00:00:02", "one"), new Neighbour(hop6, "02:00:00:00:00:04", "one")], state.Neighbours.OrderBy(n => n.Address));
    }

    [Fact]
    public async Task AVeryLongTableIsReadToItsEnd()
    {
        await _machine.ShellAsync(
            "ip netns exec ours sh -ec 'ip link add one type veth peer name two; ip link set one up; ip link set two up; ip addr add 10.0.0.1/24 dev one; " +
            "for i in $(seq 0 9); do for j in $(seq 0 199); do echo route add 10.$((i + 1)).$j.0/24 via 10.0.0.2 dev one; done; done | ip -batch -'",
            Cancellation);
        Assert.Equal(2000, _ours.State(IpFamily.V4).Routes.Count(r => r.Via is not null));
    }

    [Fact]
    public async Task ARefusalSaysWhatAndWhyAndEndsTheChanges()
    {
        var missing = await Assert.ThrowsAsync<NetlinkException>(
            () => _ours.ApplyAsync(Cancellation, new SetLink("none") { Mtu = 1400 }, new SetLink("lo") { IsUp = true }));
        Assert.True(missing.IsNoSuchDevice);
        Assert.StartsWith("machine, /run/netns/ours: 'link set none mtu 1400': ", missing.Message, StringComparison.Ordinal);
        Assert.False(_ours.Find("lo")!.IsUp);
        var unreachable = await Assert.ThrowsAsync<NetlinkException>(() => _ours.ApplyAsync(
            Cancellation, new SetLink("lo") { IsUp = true }, new SetRoute(new Route(Cidr.Parse("10.0.0.0/8"), IpAddress.Parse("192.0.2.1"), "lo"))));
        Assert.False(unreachable.IsNoSuchDevice);

        // The kernel's own words, beside those of errno(3).
        Assert.Contains("(Nexthop has invalid gateway)", unreachable.Message, StringComparison.Ordinal);
        Assert.Throws<IOException>(() => new KernelNetwork(_machine, "/run/netns/none").Links());
    }

    [Fact]
    public async Task AVethsChecksumsAreCompletedAndNothingElseIsTouched()
    {
        await _ours.ApplyAsync(Cancellation, new AddVeth("one", "two", null, 1500));
        _ours.CompleteChecksums("one");
        _ours.CompleteChecksums("lo");
        _ours.CompleteChecksums("none");
        Assert.Contains("tx-checksumming: off", await InAsync("ours", "ethtool -k one"), StringComparison.Ordinal);
        Assert.Contains("tx-checksumming: on", await InAsync("ours", "ethtool -k two"), StringComparison.Ordinal);
        Assert.Contains("tx-checksumming: on", await InAsync("ours", "ethtool -k lo"), StringComparison.Ordinal);
    }

    [Fact]
    public async Task NeighboursThatKnewAnAddressElsewhereLearnWhereItIsNow()
    {
        await _ours.ApplyAsync(
            Cancellation,
            new AddVeth("one", "two", _machine.NetworkAt("/run/netns/theirs"), 1500),
            new SetLink("one") { Mac = "0a:58:0a:00:00:01", IsUp = true });
        await InAsync("theirs", "ip link set two up");
        await InAsync("theirs", "ip addr add 10.0.0.2/24 dev two");
        await InAsync("theirs", "ip neigh add 10.0.0.1 lladdr 0a:58:0a:00:00:99 dev two nud stale");
        await Eventually.SeeAsync(() => InAsync("theirs", "ip -o link show two"), shown => shown.Contains("state UP", StringComparison.Ordinal));

        await _ours.ApplyAsync(Cancellation, new SetAddress(Cidr.Parse("10.0.0.1/24"), "one"), new AnnounceAddresses("one"));
        await Eventually.SeeAsync(
            () => InAsync("theirs", "ip neigh show 10.0.0.1"), shown => shown.Contains("0a:58:0a:00:00:01", StringComparison.Ordinal));
        await Assert.ThrowsAnyAsync<IOException>(() => _ours.ApplyAsync(Cancellation, new AnnounceAddresses("none")));
    }

    [Fact]
    public async Task AChangeOfTheNetworkIsToldAtOnceAndAFleetingNeighbourIsNone()
    {
        await _ours.ApplyAsync(Cancellation, new AddVeth("one", "two", null, 1500), new SetLink("one") { IsUp = true }, new SetLink("two") { IsUp = true });
        // The kernel tells a little later that there is a carrier.
        await Eventually.SeeAsync(() => InAsync("ours", "ip -o link show up type veth"), shown => shown.Split("state UP").Length == 3);
        var news = 0;
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(Cancellation);
        var following = _ours.FollowAsync(() => news++, TimeProvider.System, stop.Token);
        await InAsync("ours", "ip neigh add 192.0.2.9 lladdr 02:00:00:00:00:09 dev one nud reachable");
        await InAsync("ours", "ip neigh del 192.0.2.9 dev one");
        Assert.Equal(0, news);
        foreach (var change in (string[])["ip addr add 192.0.2.1/32 dev lo", "ip neigh add 192.0.2.9 lladdr 02:00:00:00:00:09 dev one nud permanent", "ip link set lo up", "ip -6 route add fd01::/48 dev lo"])
        {
            var before = news;
            await InAsync("ours", change);
            await Eventually.SeeAsync(() => news > before);
        }

        await stop.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => following);
    }

    [Fact]
    public void AProcessLooksAtItsOwnNetwork() =>
        Assert.Contains("lo", new KernelNetwork(new LocalMachine()).Names());

    private Task<string> InAsync(string name, string line) => _machine.ShellAsync($"ip netns exec {name} {line}", Cancellation);

    private async Task<string> ShownAsync(string name)
    {
        var shown = new JsonArray();
        foreach (var question in (string[])["addr show", "-4 route show", "-6 route show", "neigh show", "rule show", "route show table all"])
        {
            shown.Add(JsonNode.Parse(await InAsync(name, "ip -json " + question)));
        }

        Forget(shown);
        return shown.ToJsonString();
    }

    /// <summary>What differs from one namespace, or pair of devices, to the other.</summary>
    private static void Forget(JsonNode? node)
    {
        if (node is JsonArray array)
        {
            foreach (var item in array)
            {
                Forget(item);
            }
        }
        else if (node is JsonObject item)
        {
            foreach (var key in (string[])["link_netnsid", "link_index", "ifindex", "valid_life_time", "preferred_life_time", "used", "confirmed", "updated"])
            {
                item.Remove(key);
            }

            if ((string?)item["ifname"] is "two" or "deux" or "three" or "inside" or "representor")
            {
                item.Remove("address");
            }

            foreach (var (_, value) in item.ToList())
            {
                Forget(value);
            }
        }
    }
}
