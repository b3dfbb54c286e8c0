using Dpf.Provisioning.HostDms;

namespace Dpf.Provisioning.Tests.HostDms;

public sealed class RshimTests : IDisposable
{
    private readonly string _devices = Directory.CreateTempSubdirectory("dpf-dev-").FullName;

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    public void Dispose() => Directory.Delete(_devices, recursive: true);

    [Theory]
    [InlineData("DISPLAY_LEVEL   0 (0:basic)\nDEV_NAME        pcie-0000:03:00.2\n", "0000:03:00")]
    [InlineData("DEV_NAME pcie-03:00.2", "0000:03:00")]
    [InlineData("DEV_NAME usb-1-2.3", null)]
    public void An_rshim_names_its_card(string misc, string? address) => Assert.Equal(address, RshimDevices.AddressIn(misc));

    [Fact]
    public async Task The_preflight_fails_when_the_host_drives_the_card_itself()
    {
        AddRshim("0000:03:00");

        var failure = await Assert.ThrowsAsync<InvalidOperationException>(() => Preflight("0000:03:00"));

        Assert.Contains("/dev/rshim0", failure.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_preflight_passes_when_only_other_cards_are_driven_or_none()
    {
        await Preflight("0000:03:00");
        AddRshim("0000:82:00");
        AddRshim("0000:04:00", index: 1);

        await Preflight("0000:03:00");
    }

    private void AddRshim(string pci, int index = 0)
    {
        var folder = Directory.CreateDirectory(Path.Combine(_devices, $"rshim{index}")).FullName;
        File.WriteAllText(Path.Combine(folder, "misc"), $"DISPLAY_LEVEL 0\nDEV_NAME        pcie-{pci}.2\n");
    }

    private Task Preflight(string pci) => new RshimPreflightComponent().RunAsync(
        TestContexts.Here("rshim-preflight", new Dictionary<string, string> { ["/dev"] = _devices }, "--pci=" + pci), Cancellation);
}
