using Dpf.Provisioning.Detection;
using Dpf.Provisioning.Tests.World;

namespace Dpf.Provisioning.Tests.Detection;

/// <summary>The detector on a machine with a bridge and a card under <c>/sys</c>. Needs root.</summary>
public sealed class DpuDetectorTests
{
    private const string Folder = "/etc/kubernetes/node-feature-discovery/features.d";
    private const string Card = "/sys/bus/pci/devices/0000:03:00";

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_card_and_the_bridge_are_told_as_they_come()
    {
        Assert.SkipUnless(Environment.IsPrivilegedProcess, "needs root");
        await using var host = await TestMachine.StartAsync(Cancellation);
        host.Write(Card + ".0/device", "0xa2dc\n");
        host.Write(Card + ".0/net/ens1f0np0/address", "0e:42:a1:30:01:00\n");
        await File.WriteAllBytesAsync(host.Machine.Path(Card + ".0/vpd"), [0x82, 20, 0, .. "X, 32GB on-board DDR"u8, 0x90, 8, 0, .. "PN"u8, 5, .. "900-1"u8, 0x78], Cancellation);
        host.Write(Card + ".1/device", "0xa2dc\n");
        host.Write(Card + ".2/device", "0x101e\n");
        host.Write("/sys/bus/pci/devices/0000:00:02.0/device", "0x1234\n");
        host.Write("/usr/local/sbin/flint", "#!/bin/sh\n[ \"$*\" = '-d 03:00.0 q' ] && printf 'Image type: FS4\\nPSID:   MT_0000000884\\n'\n");
        await host.ShellAsync("chmod +x /usr/local/sbin/flint");
        var mounts = new Dictionary<string, string>
        {
            ["/host-sys"] = host.Machine.Path("/sys"), [Folder] = host.Machine.Path(Folder),
        };
        host.Run(new DpuDetectorComponent(), host.Context("dpu-detector", mounts: mounts, arguments: "--collector.PSID=true"));

        var text = await Eventually.SeeAsync(() => Task.FromResult(host.Read(Folder + "/dpu")), t => t is not null);
        Assert.Equal(["dpu-0-pci-address=0000-03-00", "dpu-0-ps-id=MT_0000000884", "dpu-0-pf0-name=ens1f0np0", "dpu-0-part-number=900-1", "dpu-0-memory=32Gi"], Lines(text));
        await host.ShellAsync(
            "ip link add br-dpu type bridge; ip link set br-dpu up; ip addr add 10.0.110.11/24 dev br-dpu; ip route add default via 10.0.110.254 metric 100");
        await Eventually.SeeAsync(() => Lines(host.Read(Folder + "/dpu")).Contains("dpu-oob-bridge-configured="));

        Directory.Move(host.Machine.Path(Card + ".0"), host.Machine.Path("/sys/away0"));
        Directory.Move(host.Machine.Path(Card + ".1"), host.Machine.Path("/sys/away1"));
        await host.ShellAsync("ip route del default");
        await Eventually.SeeAsync(() => !Lines(host.Read(Folder + "/dpu")).Contains("dpu-oob-bridge-configured="));
        Assert.Contains("dpu-0-pci-address=0000-03-00", Lines(host.Read(Folder + "/dpu")));
        Assert.Equal(["dpu"], Directory.GetFiles(host.Machine.Path(Folder)).Select(Path.GetFileName).Where(f => f![0] != '.'));
    }

    private static string[] Lines(string? text) => [.. (text ?? "").Split('\n').Where(l => l.Length > 0 && l[0] != '#')];
}
