using Dpf.Ovn.Node;
using Dpf.Testing;

namespace Dpf.Ovn.Tests.Node;

/// <summary>Representors are found by what <c>/sys</c> says of them, also when they go and come back under other names.</summary>
public sealed class PciDevicesTests
{
    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task ARepresentorIsTheDeviceThatSaysSoNow()
    {
        await using var machine = await NamespaceMachine.StartAsync(Cancellation);
        var pci = new PciDevices(machine);
        Assert.Null(pci.Representor(0, 3));

        Write("eth0", "", null);
        Write("pf0vf3", "0a0b", "pf0vf3");
        Write("pf0vf4", "0a0b", "c1pf0vf4");
        Assert.Equal("pf0vf3", pci.Representor(0, 3));
        Assert.Equal("pf0vf4", pci.Representor(0, 4));
        Assert.Null(pci.Representor(1, 3));

        Directory.Delete(Folder("pf0vf3"), recursive: true);
        Assert.Null(pci.Representor(0, 3));
        Write("eth7", "0a0b", "pf0vf3");
        Assert.Equal("eth7", pci.Representor(0, 3));
        Write("eth7", "0a0b", "pf0vf4");
        Directory.Delete(Folder("pf0vf4"), recursive: true);
        Assert.Null(pci.Representor(0, 3));
        Assert.Equal("eth7", pci.Representor(0, 4));

        string Folder(string name) => machine.Path("/sys/class/net/" + name);

        void Write(string name, string switchId, string? port)
        {
            Directory.CreateDirectory(Folder(name));
            File.WriteAllText(Path.Combine(Folder(name), "phys_switch_id"), switchId + "\n");
            if (port is not null)
            {
                File.WriteAllText(Path.Combine(Folder(name), "phys_port_name"), port + "\n");
            }
        }
    }

    [Fact]
    public async Task AFunctionIsWhereTheCardSaysNow()
    {
        await using var machine = await NamespaceMachine.StartAsync(Cancellation);
        var pci = new PciDevices(machine);
        var (card, function) = (machine.Path("/sys/bus/pci/devices/0000:03:00.0"), machine.Path("/sys/bus/pci/devices/0000:03:00.3"));
        Directory.CreateDirectory(card);
        Directory.CreateDirectory(function);
        File.CreateSymbolicLink(Path.Combine(function, "physfn"), "../0000:03:00.0");
        Assert.Throws<InvalidOperationException>(() => pci.AtAddress("0000:03:00.3"));

        Link("virtfn1");
        Assert.Equal(new VirtualFunction(0, 1, null), pci.AtAddress("0000:03:00.3"));
        Assert.Equal(new VirtualFunction(0, 1, null), pci.AtAddress("0000:03:00.3"));

        // The card was given another number of functions.
        File.Delete(Path.Combine(card, "virtfn1"));
        Link("virtfn0");
        Assert.Equal(new VirtualFunction(0, 0, null), pci.AtAddress("0000:03:00.3"));
        File.Delete(Path.Combine(card, "virtfn0"));
        Assert.Throws<InvalidOperationException>(() => pci.AtAddress("0000:03:00.3"));

        void Link(string name) => File.CreateSymbolicLink(Path.Combine(card, name), "../0000:03:00.3");
    }
}
