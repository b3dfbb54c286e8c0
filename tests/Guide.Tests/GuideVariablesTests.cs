using System.Net;
using Dpf.Guide.Variables;

namespace Dpf.Guide.Tests;

public sealed class GuideVariablesTests
{
    private static readonly Dictionary<string, string> Good = new()
    {
        ["TARGETCLUSTER_API_SERVER_HOST"] = "10.0.110.1",
        ["TARGETCLUSTER_NODE_CIDR"] = "10.0.110.0/24",
        ["DPUCLUSTER_VIP"] = "10.0.110.200",
        ["DPU_P0"] = "ens1f0np0",
        ["DPU_P0_VF1"] = "ens1f0v1",
        ["DPUCLUSTER_INTERFACE"] = "eno1",
        ["NFS_SERVER_IP"] = "10.0.110.250",
    };

    [Fact]
    public void TheGuidesDefaultsFillWhatIsNotSaid()
    {
        var variables = GuideVariables.Read(Good);
        Assert.Equal("6443", variables["TARGETCLUSTER_API_SERVER_PORT"]);
        Assert.Equal("10.233.0.0/18", variables["SERVICE_CIDR"]);
        Assert.Equal("v24.10.0", variables["TAG"]);
    }

    /// <summary>The manifests write the length of the nodes' IPv4 subnets behind the pods' ranges.</summary>
    [Theory]
    [InlineData("10.233.64.0/18,fd00:10:233::/48")]
    [InlineData("fd00:10:233::/48,10.233.64.0/18")]
    [InlineData("10.233.64.0/18/24, fd00:10:233::/48/64")]
    public void TwoFamiliesAreGivenInAnyOrder(string pods)
    {
        var given = new Dictionary<string, string>(Good) { ["POD_CIDR"] = pods, ["SERVICE_CIDR"] = "fd00:10:96::/112,10.233.0.0/18" };
        var variables = GuideVariables.Read(given);
        Assert.Equal("fd00:10:233::/48/64,10.233.64.0/18", variables["POD_CIDR"]);
        Assert.Equal("10.233.0.0/18,fd00:10:96::/112", variables["SERVICE_CIDR"]);
        Assert.Equal(variables.Values, GuideVariables.Read(variables.Values).Values);
    }

    [Theory]
    [InlineData("fd00:10:233::/48", "10.233.0.0/18", "one IPv4 network")]
    [InlineData("10.233.64.0/18,10.233.128.0/18", "10.233.0.0/18", "one IPv4 network")]
    [InlineData("10.233.64.0/18/26,fd00:10:233::/48", "10.233.0.0/18", "takes a /24")]
    [InlineData("10.233.64.0/18,fd00:10:233::/72", "10.233.0.0/18", "/64 or larger")]
    [InlineData("10.233.64.0/18", "10.233.0.0/18,fd00:10:96::/112", "POD_CIDR has no IPv6 network")]
    [InlineData("10.233.64.0/18,fd00:10::/32", "10.233.0.0/18,fd00:10:96::/112", "overlap")]
    public void FamiliesThatDoNotGoTogetherAreRefused(string pods, string services, string why)
    {
        var given = new Dictionary<string, string>(Good) { ["POD_CIDR"] = pods, ["SERVICE_CIDR"] = services };
        Assert.Contains(why, Assert.Single(Assert.Throws<GuideVariableException>(() => GuideVariables.Read(given)).Problems), StringComparison.Ordinal);
    }

    [Fact]
    public void AValueOfBlanksIsNoValue()
    {
        var blank = new Dictionary<string, string> { ["POD_CIDR"] = "  ", ["DPU_P0"] = " " };
        var problems = Assert.Throws<GuideVariableException>(() => GuideVariables.Read(blank)).Problems;
        Assert.Contains(problems, p => p.StartsWith("DPU_P0 is missing", StringComparison.Ordinal));
        Assert.DoesNotContain(problems, p => p.StartsWith("POD_CIDR", StringComparison.Ordinal));
    }

    [Theory]
    [InlineData("TARGETCLUSTER_API_SERVER_HOST", "https://10.0.110.1", "without a scheme")]
    [InlineData("TARGETCLUSTER_API_SERVER_HOST", "10.0.110.1:6443", "without a port")]
    [InlineData("TARGETCLUSTER_API_SERVER_HOST", "10.0.110.400", "not an IP address")]
    [InlineData("TARGETCLUSTER_API_SERVER_PORT", "0", "not a port")]
    [InlineData("TARGETCLUSTER_API_SERVER_PORT", "+6443", "not a port")]
    [InlineData("TARGETCLUSTER_NODE_CIDR", "10.0.110.0", "not a network")]
    [InlineData("POD_CIDR", "10.233.64.0/33", "not a network")]
    [InlineData("POD_CIDR", "10.233.64.7/18", "not a network")]
    [InlineData("POD_CIDR", "10.233.64.0/25", "/24 or larger")]
    [InlineData("SERVICE_CIDR", "10.233.64.0/20", "overlap")]
    [InlineData("DPU_P0", "a name with blanks", "not an interface name")]
    [InlineData("BLUEFIELD_BITSTREAM", "ftp://x/y.bfb", "ends in .bfb")]
    [InlineData("REGISTRY", "ghcr.io/nvidia/dpf-operator", "oci:// or https://")]
    public void AWrongValueIsNamedWithWhatToDo(string name, string value, string message)
    {
        var problem = Assert.Single(Problems(new(Good) { [name] = value }));
        Assert.Contains(name, problem, StringComparison.Ordinal);
        Assert.Contains(message, problem, StringComparison.Ordinal);
    }

    [Fact]
    public void AllMissingVariablesAreNamedAtOnce() => Assert.Equal(7, Problems([]).Count);

    [Fact]
    public void AVirtualAddressThatDhcpHandsOutIsRefused()
    {
        var range = (IPAddress.Parse("10.0.110.100"), IPAddress.Parse("10.0.110.200"));
        var e = Assert.Throws<GuideVariableException>(() => GuideVariables.Read(Good, range));
        Assert.Contains("DHCP hands out 10.0.110.100 to 10.0.110.200", e.Message, StringComparison.Ordinal);
        GuideVariables.Read(new Dictionary<string, string>(Good) { ["DPUCLUSTER_VIP"] = "10.0.110.201" }, range);
    }

    private static IReadOnlyList<string> Problems(Dictionary<string, string> environment) =>
        Assert.Throws<GuideVariableException>(() => GuideVariables.Read(environment)).Problems;
}
