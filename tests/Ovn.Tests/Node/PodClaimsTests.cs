using Dpf.Ovn.Annotations;
using Dpf.Ovn.Node.Dpu;
using Dpf.Runtime.Addressing;
using k8s.Models;

namespace Dpf.Ovn.Tests.Node;

public sealed class PodClaimsTests
{
    private static readonly Cidr[] Subnet = [Cidr.Parse("10.233.64.0/24")];

    [Fact]
    public void APodThatItsHostAsksForIsConnected()
    {
        var claim = Assert.Single(PodClaims.Read([Pod("a", 1, "10.233.64.3/24", "2"), Pod("elsewhere", 1, "10.233.65.3/24", "2", "worker2")], "worker1", Subnet));
        Assert.Equal(("a", "2", null), (claim.Pod.Metadata.Name, claim.Details.VfId, claim.Refusal));
    }

    [Theory]
    [InlineData("10.233.64.1/24")]
    [InlineData("10.233.64.2/24")]
    [InlineData("10.233.65.9/24")]
    [InlineData("10.233.64.255/24")]
    public void AnAddressThatIsNoPodsOfTheNodeIsRefusedWithAReason(string address)
    {
        var claim = Assert.Single(PodClaims.Read([Pod("a", 1, address, "2")], "worker1", Subnet));
        Assert.Contains(address, claim.Refusal, StringComparison.Ordinal);
        Assert.Contains("10.233.64.0/24", claim.Refusal, StringComparison.Ordinal);
    }

    [Fact]
    public void OfTwoPodsWithOneAddressTheYoungerIsRefused()
    {
        var claims = PodClaims.Read([Pod("young", 2, "10.233.64.3/24", "3"), Pod("old", 1, "10.233.64.3/24", "2")], "worker1", Subnet)
            .ToDictionary(c => c.Pod.Metadata.Name, c => c.Refusal);
        Assert.Null(claims["old"]);
        Assert.Contains("default/old", claims["young"], StringComparison.Ordinal);
    }

    /// <summary>A known fault of the original (12): a VF that already serves a new pod is not the old one's any more.</summary>
    [Fact]
    public void Bug12_OfTwoPodsOnOneVfTheLiveYoungerCounts()
    {
        var old = Pod("old", 1, "10.233.64.3/24", "2");
        old.Metadata.DeletionTimestamp = new DateTime(2026, 1, 1, 0, 0, 9, DateTimeKind.Utc);
        var claim = Assert.Single(PodClaims.Read([Pod("new", 2, "10.233.64.4/24", "2"), old], "worker1", Subnet));
        Assert.Equal("new", claim.Pod.Metadata.Name);
    }

    private static V1Pod Pod(string name, int second, string address, string vf, string node = "worker1") => new()
    {
        Metadata = new V1ObjectMeta
        {
            Name = name,
            NamespaceProperty = "default",
            Uid = "uid-" + name,
            CreationTimestamp = new DateTime(2026, 1, 1, 0, 0, second, DateTimeKind.Utc),
            Annotations = new Dictionary<string, string>
            {
                [PodNetwork.Annotation] = PodNetwork.Of([Cidr.Parse(address)], Sample.Network).Write(),
                [ConnectionDetails.Annotation] = new ConnectionDetails("0", vf, "sandbox-" + name, "ens1f0v" + vf).Write(),
            },
        },
        Spec = new V1PodSpec { NodeName = node },
    };
}
