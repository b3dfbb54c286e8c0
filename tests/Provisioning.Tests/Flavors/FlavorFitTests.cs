using System.Text.Json.Nodes;
using Dpf.Api.Provisioning;
using Dpf.Provisioning.Flavors;

namespace Dpf.Provisioning.Tests.Flavors;

public sealed class FlavorFitTests
{
    [Theory]
    [InlineData("hugepagesz=2048kB hugepages=3072", 6144)]
    [InlineData("hugepagesz=2M hugepages=512", 1024)]
    [InlineData("hugepages=512", 1024)]
    [InlineData("default_hugepagesz=1G hugepages=12", 12288)]
    [InlineData("hugepagesz=1G hugepages=2 hugepagesz=2M hugepages=512", 3072)]
    [InlineData("default_hugepagesz=1G hugepages=1 hugepagesz=2M hugepages=1", 1026)]
    [InlineData("hugepages=0:256,1:256", 1024)]
    [InlineData("console=hvc0 nohugepages=3 hugepagesz=x hugepages=y", 0)]
    public void HugePagesAreCountedAsTheKernelCountsThem(string parameters, int mebibytes)
    {
        Assert.Equal((long)mebibytes << 20, HugePages.Bytes([parameters]));
        Assert.Equal((long)mebibytes << 20, HugePages.Bytes(parameters.Split(' ')));
    }

    [Theory]
    [InlineData(6144, null, null, 16, null)]
    [InlineData(6144, null, null, 32, null)]
    [InlineData(12288, null, null, 16, "set 12 GiB aside in huge pages, at least 5 GiB have to be left, and the card has 16 GiB")]
    [InlineData(12288, null, "3Gi", 16, null)]
    [InlineData(12288, null, "8Gi", 16, "at least 8 GiB have to be left")]
    [InlineData(12288, null, null, null, null)]
    [InlineData(0, "32Gi", null, 16, "spec.dpuResources.memory is 32 GiB, and the card has 16 GiB")]
    [InlineData(0, "16Gi", null, 16, null)]
    [InlineData(0, "much", null, 16, null)]
    public void AFlavorFitsOrSaysWhatDoesNot(int mebibytes, string? memory, string? reserved, int? has, string? problem)
    {
        var flavor = new DpuFlavorSpec
        {
            Grub = new DpuFlavorGrub { KernelParameters = ["hugepagesz=2M", FormattableString.Invariant($"hugepages={mebibytes / 2}")] },
            DpuResources = memory is null ? null : new Dictionary<string, JsonNode> { ["memory"] = memory },
            SystemReservedResources = reserved is null ? null : new Dictionary<string, JsonNode> { ["memory"] = reserved },
        };
        var problems = FlavorFit.Problems(flavor, new CardFacts("the card", has));
        if (problem is null)
        {
            Assert.Empty(problems);
        }
        else
        {
            Assert.Contains(problem, Assert.Single(problems), StringComparison.Ordinal);
        }
    }
}
