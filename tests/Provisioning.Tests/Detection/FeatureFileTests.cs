using Dpf.Provisioning.Detection;
using Dpf.Runtime.Addressing;
using Dpf.Runtime.Netlink;

namespace Dpf.Provisioning.Tests.Detection;

public sealed class FeatureFileTests
{
    private static readonly FeatureFile Nothing = FeatureFile.Parse("");

    [Fact]
    public void Cards_and_the_bridge_become_features()
    {
        var file = Nothing.With("b1", [("0000:03:00", "ens1f0np0"), ("0000:82:00", null)], bridgeConfigured: true);
        file = file with { Cards = [file.Cards[0] with { Psid = "MT_0000000884" }, file.Cards[1]] };

        Assert.Equal(
            """
            # boot b1
            dpu-0-pci-address=0000-03-00
            dpu-0-ps-id=MT_0000000884
            dpu-0-pf0-name=ens1f0np0
            dpu-1-pci-address=0000-82-00
            dpu-oob-bridge-configured=

            """,
            file.Text());
    }

    [Fact]
    public void A_file_reads_back_as_it_was()
    {
        var file = Nothing.With("b1", [("0000:03:00", "ens1f0np0"), ("0000:82:00", "ens2f0np0")], bridgeConfigured: true);

        Assert.Equal(file.Text(), FeatureFile.Parse(file.Text()).Text());
        Assert.Equal("# boot \ndpu-0-pci-address=0000-03-00\n", FeatureFile.Parse("dpu-0-pci-address=0000-03-00\r\nother=1\r\ndpu-x-y=2\r\n").Text());
    }

    [Fact]
    public void A_card_in_a_reset_keeps_its_labels_and_its_index()
    {
        var before = Nothing.With("b1", [("0000:03:00", "ens1f0np0"), ("0000:82:00", "ens2f0np0")], bridgeConfigured: true);

        var during = before.With("b1", [("0000:82:00", "ens2f0np0")], bridgeConfigured: true);
        var after = during.With("b1", [("0000:03:00", null), ("0000:82:00", "ens2f0np0")], bridgeConfigured: true);

        Assert.Equal(before.Text(), during.Text());
        Assert.Equal(before.Text(), after.Text());
    }

    [Fact]
    public void A_card_that_comes_late_gets_the_next_index()
    {
        var late = Nothing.With("b1", [("0000:82:00", null)], bridgeConfigured: false).With("b1", [("0000:03:00", null), ("0000:82:00", null)], false);

        Assert.Equal([("0000:82:00", 0), ("0000:03:00", 1)], late.Cards.Select(c => (c.Address, c.Index)));
    }

    [Fact]
    public void After_a_reboot_only_what_is_there_counts()
    {
        var before = Nothing.With("b1", [("0000:03:00", "a"), ("0000:82:00", "b")], bridgeConfigured: true);

        Assert.Equal("# boot b2\ndpu-0-pci-address=0000-82-00\n", before.With("b2", [("0000:82:00", null)], bridgeConfigured: false).Text());
    }

    [Theory]
    [InlineData(null, "there is no br-dpu")]
    [InlineData("dummy", "br-dpu is no bridge")]
    [InlineData("bridge", "no default route goes by way of br-dpu")]
    [InlineData("bridge", "a default route by way of br-dpu has metric 0; give it 2 or more", 100L, 0L)]
    [InlineData("bridge", "a default route by way of br-dpu has metric 1; give it 2 or more", 1L)]
    [InlineData("bridge", null, 2L)]
    [InlineData("bridge", null, 100L, 300L)]
    public void The_bridge_carries_a_default_route_that_the_overlays_own_can_beat(string? kind, string? problem, params long[] metrics) =>
        Assert.Equal(problem, BridgeCheck.Problem(new NetworkState(
            kind is null ? [] : [new Link("br-dpu", "", [], Kind: kind)],
            [
                .. metrics.Select(m => new Route(Cidr.Parse("0.0.0.0/0"), IpAddress.Parse("10.0.110.254"), "br-dpu", Metric: m)),
                new Route(Cidr.Parse("0.0.0.0/0"), IpAddress.Parse("10.0.123.254"), "ens1f0np0"),
                new Route(Cidr.Parse("10.0.110.0/24"), null, "br-dpu"),
            ],
            [])));
}
