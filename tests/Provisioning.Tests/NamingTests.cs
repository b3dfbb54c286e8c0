using Dpf.Api.Provisioning;
using Dpf.Provisioning.Bfbs;
using Dpf.Provisioning.Dms;
using k8s.Models;

namespace Dpf.Provisioning.Tests;

public sealed class NamingTests
{
    [Theory]
    [InlineData("0000-4b-00", "0000:4b:00", "4b:00")]
    [InlineData("0001:03:00", "0001:03:00", "03:00")]
    public void APciAddressHasThreeSpellings(string text, string full, string brief)
    {
        var pci = PciAddress.Parse(text)!;
        Assert.Equal((full, brief, full.Replace(':', '-')), (pci.Full, pci.Short, pci.Label));
    }

    [Theory]
    [InlineData(null)]
    [InlineData("")]
    [InlineData("4b:00")]
    [InlineData("0000-4b-00.0")]
    public void AnythingElseIsNoPciAddress(string? text) => Assert.Null(PciAddress.Parse(text));

    [Fact]
    public void EverythingOfADpuIsNamedAfterIt()
    {
        var dpu = new Dpu { Metadata = new V1ObjectMeta { Name = DpuNames.Dpu("Worker1", "0000-03-00") } };
        Assert.Equal(
            ["worker1-0000-03-00-dms", "worker1-0000-03-00-hostnetwork", "worker1-0000-03-00-dms-server-cert", "worker1-0000-03-00-server-secret", "worker1-0000-03-00.cfg"],
            [DpuNames.DmsPod(dpu), DpuNames.HostNetworkPod(dpu), DpuNames.ServerCertificate(dpu), DpuNames.ServerSecret(dpu), DpuNames.Configuration(dpu)]);
    }

    [Theory]
    [InlineData("https://content.example.com/BlueField/bf-bundle-2.9.1-40_24.11_ubuntu-22.04_prod.bfb", "bf-bundle-2.9.1-40_24.11_ubuntu-22.04_prod")]
    [InlineData("http://host/odd%20name!.bfb", "odd-20name")]
    public void ABootImagesVersionIsALabel(string url, string expected) => Assert.Equal(expected, BfbFiles.VersionLabel(url));

    [Theory]
    [InlineData("5m", 300)]
    [InlineData("1h30m", 5400)]
    [InlineData("1.5s", 1.5)]
    [InlineData("500ms", 0.5)]
    [InlineData("0", 0)]
    public void DurationsAreGos(string text, double seconds)
    {
        Assert.True(GoDuration.TryParse(text, out var value));
        Assert.Equal(seconds, value.TotalSeconds);
    }

    [Theory]
    [InlineData("")]
    [InlineData("5")]
    [InlineData("m5")]
    public void OtherTextIsNoDuration(string text) => Assert.False(GoDuration.TryParse(text, out _));

    [Fact]
    public void ABfbWithoutAFileNameIsNamedAfterItself()
    {
        var bfb = new Bfb { Metadata = new V1ObjectMeta { Name = "b", NamespaceProperty = "a" } };
        Assert.Equal("a-b.bfb", BfbFiles.NameOf(bfb));
        bfb.Spec.FileName = "own.bfb";
        Assert.Equal("own.bfb", BfbFiles.NameOf(bfb));
    }

    [Theory]
    [InlineData("Ready", "Downloading", 0, true)]
    [InlineData("Downloading", "Ready", 0, false)]
    [InlineData("Ready", "Ready", -1, true)]
    [InlineData("Ready", "Ready", 1, false)]
    [InlineData("Ready", "Downloading", 1, true)]
    public void OfTwoBfbsWithOneFileTheFirstHasIt(string otherPhase, string phase, int otherIsYounger, bool conflicts)
    {
        var bfb = Bfb("a", "http://one/x.bfb", phase, 0);
        var other = Bfb("b", "http://two/x.bfb", otherPhase, otherIsYounger);
        Assert.Equal(conflicts, BfbFiles.Conflicting(bfb, [bfb, other]) is not null);
        other.Spec.Url = bfb.Spec.Url;
        Assert.Null(BfbFiles.Conflicting(bfb, [bfb, other]));

        static Bfb Bfb(string uid, string url, string phase, int second) => new()
        {
            Metadata = new V1ObjectMeta { Name = uid, Uid = uid, CreationTimestamp = new DateTime(2026, 1, 1, 0, 0, 30 + second, DateTimeKind.Utc) },
            Spec = new BfbSpec { FileName = "x.bfb", Url = url },
            Status = new BfbStatus { Phase = phase },
        };
    }

    [Theory]
    [InlineData("Worker1", "worker1-0000-03-00")]
    [InlineData("worker-with-a-very-long-name.of.a.data.center.example.org", "worker-with-a-very-long-name.of.a.data.cent-1ccdb6c4-0000-03-00")]
    public void ADpusNameIsAHostNameToo(string node, string expected)
    {
        var name = DpuNames.Dpu(node, "0000-03-00");
        Assert.Equal(expected, name);
        Assert.True(name.Length <= 63, name);
        Assert.NotEqual(name, DpuNames.Dpu(node + "x", "0000-03-00"));
        Assert.Equal(name, DpuNames.Dpu(node, "0000-03-00"));
    }

    [Fact]
    public void TheNextDmsOfAHostGetsTheNextPort()
    {
        Assert.Equal(9339, DmsPod.FreePort([]));
        Assert.Equal(9341, DmsPod.FreePort([Pod(9339), Pod(9340), Pod(9342)]));

        static V1Pod Pod(int port) => new()
        {
            Spec = new V1PodSpec { Containers = [new V1Container { Name = "dms", Ports = [new V1ContainerPort { Name = "dms", ContainerPort = port }] }] },
        };
    }

    [Fact]
    public void AddressesAreTheOnesThatGetentPrints() => Assert.Equal(
        ["10.0.0.1", "10.0.0.2"],
        NameResolution.Parse("10.0.0.1      STREAM host\n10.0.0.1      DGRAM\n10.0.0.2      STREAM\n").Select(a => a.ToString()));
}
