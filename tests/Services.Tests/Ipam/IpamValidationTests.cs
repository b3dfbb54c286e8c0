using Dpf.Api.Services;
using Dpf.Services.Ipam;
using k8s.Models;

namespace Dpf.Services.Tests.Ipam;

public sealed class IpamValidationTests
{
    private const string Subnet = "ipv4Subnet: {subnet: 192.168.0.0/20, gateway: 192.168.0.1, perNodeIPCount: 8}";
    private const string Network = "ipv4Network: {network: 10.0.120.0/22, prefixSize: 29, gatewayIndex: 3}";

    [Theory]
    [InlineData(Subnet)]
    [InlineData(Network)]
    [InlineData("ipv4Network: {network: 10.0.120.1/22, prefixSize: 22}")]
    [InlineData("ipv4Network: {network: 11.0.0.0/24, prefixSize: 32, exclusions: [11.0.0.1], allocations: {a: 11.0.0.2/32}, routes: [{dst: 0.0.0.0/0}]}")]
    public void A_right_one_passes(string spec) => Assert.Empty(Problems(spec));

    [Theory]
    [InlineData("{}", "either ipv4Subnet or ipv4Network must be specified")]
    [InlineData($"{{ {Subnet}, {Network} }}", "but not both")]
    [InlineData("ipv4Network: {network: nonsense, prefixSize: 29}", "ipv4Network.network")]
    [InlineData("ipv4Network: {network: 'fd00::/64', prefixSize: 96}", "expected an IPv4 network")]
    [InlineData("ipv4Network: {network: 10.0.0.0/24, prefixSize: 23}", "prefixSize 23")]
    [InlineData("ipv4Network: {network: 10.0.0.0/24, prefixSize: 33}", "prefixSize 33")]
    [InlineData("ipv4Network: {network: 10.0.0.0/24, prefixSize: 30, gatewayIndex: 4}", "gatewayIndex 4")]
    [InlineData("ipv4Network: {network: 10.0.0.0/24, prefixSize: 30, gatewayIndex: -1}", "gatewayIndex -1")]
    [InlineData("ipv4Network: {network: 10.0.0.0/24, prefixSize: 30, exclusions: [10.0.1.1]}", "exclusions '10.0.1.1'")]
    [InlineData("ipv4Network: {network: 10.0.0.0/24, prefixSize: 30, exclusions: [10.0.0.0/30]}", "exclusions")]
    [InlineData("ipv4Network: {network: 10.0.0.0/24, prefixSize: 30, allocations: {a: 10.0.1.0/30} }", "allocations.a")]
    [InlineData("ipv4Network: {network: 10.0.0.0/24, prefixSize: 30, allocations: {a: 10.0.0.0/29} }", "allocations.a")]
    [InlineData("ipv4Network: {network: 10.0.0.0/24, prefixSize: 30, allocations: {a: 10.0.0.0/30, b: 10.0.0.0/30} }", "a and b have the same network")]
    [InlineData("ipv4Network: {network: 10.0.0.0/24, prefixSize: 30, defaultGateway: true, routes: [{dst: 0.0.0.0/0}]}", "which is that route already")]
    [InlineData("ipv4Network: {network: 10.0.0.0/24, prefixSize: 30, routes: [{dst: '::/0'}]}", "routes")]
    [InlineData("ipv4Subnet: {subnet: 10.0.0.0, gateway: 10.0.0.1, perNodeIPCount: 1}", "ipv4Subnet.subnet")]
    [InlineData("ipv4Subnet: {subnet: 10.0.0.0/24, gateway: 10.0.1.1, perNodeIPCount: 1}", "ipv4Subnet.gateway")]
    [InlineData("ipv4Subnet: {subnet: 10.0.0.0/24, gateway: 10.0.0.1, perNodeIPCount: 0}", "perNodeIPCount 0")]
    [InlineData("ipv4Subnet: {subnet: 10.0.0.0/24, gateway: 10.0.0.1, perNodeIPCount: 257}", "perNodeIPCount 257")]
    public void What_could_not_work_is_named(string spec, string expected) =>
        Assert.Contains(expected, Assert.Single(Problems(spec)), StringComparison.Ordinal);

    [Theory]
    [InlineData(Network, "ipv4Network: {network: 10.0.0.0/16, prefixSize: 29}", null)]
    [InlineData(Network, "ipv4Network: {network: 10.0.120.0/23, prefixSize: 29}", "you cannot shrink the ip subnet")]
    [InlineData(Network, "ipv4Network: {network: 10.1.0.0/16, prefixSize: 29}", "you cannot shrink the ip subnet")]
    [InlineData(Subnet, Network, "transitioning from ipv4subnet to ipv4network and vice versa")]
    [InlineData(Network, Subnet, "transitioning from ipv4subnet to ipv4network and vice versa")]
    public void A_pool_in_use_may_only_grow(string before, string after, string? expected)
    {
        var problems = Problems(after, before);
        Assert.Equal(expected is null, problems.Count == 0);
        Assert.All(problems, p => Assert.Contains(expected!, p, StringComparison.Ordinal));
    }

    [Fact]
    public void Only_one_namespace_has_an_effect() =>
        Assert.Contains("only in namespace dpf-operator-system", Assert.Single(Problems(Subnet, ns: "other")), StringComparison.Ordinal);

    private static IReadOnlyList<string> Problems(string spec, string? before = null, string ns = "dpf-operator-system") =>
        IpamValidation.Problems(Ipam(spec, ns), before is null ? null : Ipam(before, ns), "dpf-operator-system");

    internal static DpuServiceIpam Ipam(string spec, string ns = "dpf-operator-system") => new()
    {
        Metadata = new V1ObjectMeta { Name = "pool", NamespaceProperty = ns },
        Spec = Read.Yaml<DpuServiceIpamSpec>(spec),
    };
}
