using System.Diagnostics;
using Dpf.Ovn.Node;
using Dpf.Runtime.Addressing;

namespace Dpf.Ovn.Tests.Node;

public sealed class HostNetworkTests
{
    private static readonly HostFacts Facts = new("ens1f0np0", [IpAddress.Parse("10.0.123.21")], [Cidr.Parse("10.233.64.0/24")], Sample.Network);

    private static readonly HostFacts Dual = new(
        "ens1f0np0", [IpAddress.Parse("10.0.123.21"), IpAddress.Parse("fd00:123::21")], Sample.DualFacts.Local!.Subnets, Sample.DualNetwork);

    private static IEnumerable<string> Lines(HostFacts facts) => HostNetwork.All(facts).Select(c => c.ToString());

    private static string DualRules => HostRules.Of(Dual, Sample.DualFacts.Services);

    private static string Rules => HostRules.Of(
        Facts,
        [Sample.Service(Sample.Port(30080), Sample.Port(0) with { Port = 81 }) with { ExternalIps = [IpAddress.Parse("198.51.100.7")] }]);

    [Fact]
    public void TheHostHasTheManagementPortAndTheWayToServices()
    {
        Assert.Equal(
            [
                "link set ovn-k8s-mp0 mtu 1400 up",
                "addr replace 10.233.64.2/24 dev ovn-k8s-mp0",
                "neigh replace 10.233.64.1 lladdr 0a:58:0a:e9:40:01 dev ovn-k8s-mp0 nud permanent",
                "route replace 169.254.0.3/32 via 10.233.64.1 dev ovn-k8s-mp0",
                "route replace 10.233.64.0/18 via 10.233.64.1 dev ovn-k8s-mp0",
                "addr replace 169.254.0.2/17 dev ens1f0np0",
                "neigh replace 169.254.0.1 lladdr 0a:58:a9:fe:00:01 dev ens1f0np0 nud permanent",
                "neigh replace 169.254.0.4 lladdr 0a:58:a9:fe:00:04 dev ens1f0np0 nud permanent",
                "route replace 169.254.0.1/32 dev ens1f0np0 src 10.0.123.21",
                "route replace 10.233.0.0/18 via 169.254.0.4 dev ens1f0np0 src 169.254.0.2 mtu 1400",
            ],
            Lines(Facts));
    }

    [Fact]
    public void NodePortsAreServedOnAllLocalAddressesButNotOnLoopback() => Assert.Contains(
        "ip daddr != 127.0.0.0/8 fib daddr type local tcp dport 30080 dnat ip to 10.233.0.10:80", Rules, StringComparison.Ordinal);

    [Fact]
    public void ExternalAddressesLeadToTheService()
    {
        Assert.Contains("ip daddr 198.51.100.7 tcp dport 80 dnat ip to 10.233.0.10:80", Rules, StringComparison.Ordinal);
        Assert.Contains("ip daddr 198.51.100.7 tcp dport 81 dnat ip to 10.233.0.10:81", Rules, StringComparison.Ordinal);
    }

    [Fact]
    public void WhatGoesToServicesComesFromTheMasqueradeAddress() => Assert.Contains(
        "oifname \"ens1f0np0\" ip daddr 10.233.0.0/18 ip saddr != 169.254.0.2 snat ip to 169.254.0.2", Rules, StringComparison.Ordinal);

    [Fact]
    public void WhatLeavesByTheManagementPortComesFromItsAddress() => Assert.Contains(
        "oifname \"ovn-k8s-mp0\" ip saddr != 10.233.64.2 snat ip to 10.233.64.2", Rules, StringComparison.Ordinal);

    [Fact]
    public void ServicesAnnounceSegmentsThatTheWayToThemCarries() => Assert.Contains(
        "iifname \"ens1f0np0\" ip saddr 10.233.0.0/18 tcp flags & (syn | rst) == syn tcp option maxseg size set 1360", Rules, StringComparison.Ordinal);

    [Fact]
    public void WhatNobodyServesIsRefused()
    {
        const string refusal = "ip daddr 10.233.0.10 tcp dport 80 reject";
        var facts = Facts with { Node = "worker1" };
        var elsewhere = Sample.Service(Sample.Port(0, ("10.233.65.9", "worker2")));
        Assert.Contains(refusal, HostRules.Of(facts, [Sample.Service(Sample.Port(0))]), StringComparison.Ordinal);
        Assert.DoesNotContain("reject", HostRules.Of(facts, [elsewhere]), StringComparison.Ordinal);
        Assert.Contains(refusal, HostRules.Of(facts, [elsewhere with { InternalLocal = true }]), StringComparison.Ordinal);
    }

    [Fact]
    public void WhatTheHostAnswersExternalClientsInItsOwnNameGoesBackByTheGateway()
    {
        var facts = Facts with
        {
            Node = "worker1",
            Gateway = Sample.Gateway("10.0.123.21/24", "10.0.123.254"),
            HostAddresses = [IpAddress.Parse("10.0.110.11"), IpAddress.Parse("10.0.123.21")],
        };
        var service = Sample.Service(Sample.Port(30080, ("10.0.110.11", "worker1"))) with { ExternalLocal = true };
        Assert.Contains(
            "iifname \"ens1f0np0\" ip daddr 10.0.123.21 tcp dport 8080 ct state new ct mark set ct mark | 268435456",
            HostRules.Of(facts, [service]), StringComparison.Ordinal);
        Assert.Equal(
            [
                "route replace 10.0.123.0/24 dev ens1f0np0 table 28534",
                "route replace default via 10.0.123.254 dev ens1f0np0 table 28534",
                "rule add pref 28534 fwmark 268435456/268435456 lookup 28534",
            ],
            HostReturns.Routes(facts, [service, service with { Name = "other" }]).Select(c => c.ToString()));

        // Another node's endpoint, or clients that may go anywhere, are OVN's.
        Assert.Empty(HostReturns.Routes(facts, [service with { ExternalLocal = false }]));
        Assert.Empty(HostReturns.Routes(facts with { Node = "worker2" }, [service]));
    }

    [Fact]
    public void OverIpv6TheSameIsThere()
    {
        var batch = Lines(Dual);
        Assert.Equal(Lines(Facts), batch.Take(10));
        Assert.Equal(
            [
                "addr replace fd00:10:233:1::2/64 dev ovn-k8s-mp0 nodad",
                "neigh replace fd00:10:233:1::1 lladdr 0a:58:0a:e9:40:01 dev ovn-k8s-mp0 nud permanent",
                "route replace fd69::3/128 via fd00:10:233:1::1 dev ovn-k8s-mp0",
                "route replace fd00:10:233::/48 via fd00:10:233:1::1 dev ovn-k8s-mp0",
                "addr replace fd69::2/112 dev ens1f0np0 nodad",
            ],
            batch.Skip(10).Take(5));
        Assert.Contains("route replace fd69::1/128 dev ens1f0np0 src fd00:123::21", batch);
        Assert.Contains("route replace fd00:10:96::/112 via fd69::4 dev ens1f0np0 src fd69::2 mtu 1400", batch);
        Assert.Contains("ip6 daddr != ::1 fib daddr type local tcp dport 30080 dnat ip6 to [fd00:10:96::a]:80", DualRules, StringComparison.Ordinal);
        Assert.Contains("oifname \"ovn-k8s-mp0\" ip6 saddr != fd00:10:233:1::2 snat ip6 to fd00:10:233:1::2", DualRules, StringComparison.Ordinal);
        Assert.DoesNotContain("ip6", Rules, StringComparison.Ordinal);
    }

    /// <summary>Twice, because every pass but the first finds the table there.</summary>
    [Fact]
    public async Task TheKernelTakesTheRulesAgainAndAgain()
    {
        var none = HostRules.Of(Facts, []);
        using var nft = Process.Start(new ProcessStartInfo("unshare", ["-n", "nft", "-f", "-"])
        {
            UseShellExecute = false, RedirectStandardInput = true, RedirectStandardError = true,
        })!;
        await nft.StandardInput.WriteAsync(none + Rules + DualRules + DualRules);
        nft.StandardInput.Close();
        var error = await nft.StandardError.ReadToEndAsync(TestContext.Current.CancellationToken);
        await nft.WaitForExitAsync(TestContext.Current.CancellationToken);
        Assert.True(nft.ExitCode == 0, error);
    }
}
