using Dpf.Provisioning.Detection;
using Dpf.Provisioning.HostNetwork;
using Dpf.Provisioning.Tests.World;
using Dpf.Runtime.Netlink;

namespace Dpf.Provisioning.Tests.HostNetwork;

/// <summary>The component on a machine with real network devices; the card's driver is the test. Needs root.</summary>
public sealed class HostNetworkTests
{
    private const string Pf = "/sys/bus/pci/devices/0000:03:00.0";
    private const string Vf = "/sys/bus/pci/devices/0000:03:00.2";

    private static readonly Dictionary<string, string> Variables = new()
    {
        ["device_pci_address"] = "0000:03:00", ["num_of_vfs"] = "16", ["vf_mtu"] = "1400",
    };

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_host_gets_virtual_functions_and_the_first_of_them_stays_in_the_bridge()
    {
        Assert.SkipUnless(Environment.IsPrivilegedProcess, "needs root");
        await using var host = await TestMachine.StartAsync(Cancellation);
        AddCard(host, limit: 46);
        host.Run(new HostNetworkComponent(), host.Context("host-network", Variables));

        await Eventually.SeeAsync(() => host.Read(Pf + "/sriov_numvfs") == "16");
        await host.ShellAsync("ip link add ens1f0v0 type veth peer name pf0vf0");
        AddFirstVf(host);
        Assert.Null(host.Read(HostNetworkComponent.ReadyFile));
        await Eventually.SeeAsync(() => host.Read(HostNetworkComponent.SaysFile)?.Contains("br-dpu is not there", StringComparison.Ordinal) == true);
        await host.ShellAsync("ip link add br-dpu type bridge; ip link set br-dpu up; ip addr add 10.0.110.11/24 dev br-dpu");
        await Eventually.SeeAsync(() => host.Read(HostNetworkComponent.ReadyFile) is not null);
        Assert.True(IsInBridge(host));

        await host.ShellAsync("ip link set ens1f0v0 nomaster mtu 1500 down");
        Assert.False(IsInBridge(host));
        await Eventually.SeeAsync(() => IsInBridge(host));
        await host.ShellAsync("ip addr flush dev br-dpu");
        await Eventually.SeeAsync(() => host.Read(HostNetworkComponent.ReadyFile) is null);
        await host.ShellAsync("ip addr add 10.0.110.11/24 dev br-dpu");
        await Eventually.SeeAsync(() => host.Read(HostNetworkComponent.ReadyFile) is not null);

        await host.StopAsync();
        Assert.Null(host.Read(HostNetworkComponent.ReadyFile));
        Assert.True(IsInBridge(host));
    }

    [Fact]
    public async Task Each_thing_that_is_missing_is_named()
    {
        Assert.SkipUnless(Environment.IsPrivilegedProcess, "needs root");
        await using var host = await TestMachine.StartAsync(Cancellation);
        var dpu = new DpuHost(host.Machine, new PciFunctions(host.Machine.Path("/sys/bus/pci/devices")), "0000:03:00", 16, 1500);

        Assert.Contains("no PCI function 0000:03:00.0", await dpu.ConvergeAsync(Cancellation), StringComparison.Ordinal);
        host.Write(Pf + "/device", "0xa2dc\n");
        Assert.Contains("enable SR-IOV", await dpu.ConvergeAsync(Cancellation), StringComparison.Ordinal);
        AddCard(host, limit: 8);
        Assert.Contains("8 virtual functions, 16 are wanted", await dpu.ConvergeAsync(Cancellation), StringComparison.Ordinal);
        AddCard(host, limit: 16);
        Assert.Contains("br-dpu is not there", await dpu.ConvergeAsync(Cancellation), StringComparison.Ordinal);
        await host.ShellAsync("ip link add br-dpu type bridge; ip addr add 10.0.110.11/24 dev br-dpu");
        Assert.Contains("are not there yet", await dpu.ConvergeAsync(Cancellation), StringComparison.Ordinal);
        AddFirstVf(host);
        Assert.Contains("no network device yet", await dpu.ConvergeAsync(Cancellation), StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_second_port_of_a_card_gets_virtual_functions_too_and_none_are_taken_away()
    {
        Assert.SkipUnless(Environment.IsPrivilegedProcess, "needs root");
        await using var host = await TestMachine.StartAsync(Cancellation);
        AddCard(host, limit: 46);
        host.Write(Pf + "/sriov_numvfs", "4\n");
        host.Write("/sys/bus/pci/devices/0000:03:00.1/device", "0xa2dc\n");
        host.Write("/sys/bus/pci/devices/0000:03:00.1/sriov_totalvfs", "46\n");
        host.Write("/sys/bus/pci/devices/0000:03:00.1/sriov_numvfs", "0\n");

        var dpu = new DpuHost(host.Machine, new PciFunctions(host.Machine.Path("/sys/bus/pci/devices")), "0000:03:00", 16, 1500);
        await dpu.ConvergeAsync(Cancellation);

        Assert.Equal("4\n", host.Read(Pf + "/sriov_numvfs"));
        Assert.StartsWith("0000:03:00.0 has 4 virtual functions (sriov_numvfs) instead of 16", dpu.Remark, StringComparison.Ordinal);
        Assert.Equal("16", host.Read("/sys/bus/pci/devices/0000:03:00.1/sriov_numvfs"));
    }

    private static void AddCard(TestMachine host, int limit)
    {
        host.Write(Pf + "/device", "0xa2dc\n");
        host.Write(Pf + "/sriov_totalvfs", $"{limit}\n");
        host.Write(Pf + "/sriov_numvfs", "0\n");
    }

    private static void AddFirstVf(TestMachine host)
    {
        host.Write(Vf + "/net/ens1f0v0/address", "0e:42:a1:40:01:00\n");
        if (!Directory.Exists(host.Machine.Path(Pf + "/virtfn0")))
        {
            Directory.CreateSymbolicLink(host.Machine.Path(Pf + "/virtfn0"), "../0000:03:00.2");
        }
    }

    private static bool IsInBridge(TestMachine host)
    {
        var kernel = new KernelNetwork(host.Machine);
        return kernel.Find("ens1f0v0") is { Mtu: 1400, IsUp: true, Master: { } bridge } && kernel.Find("br-dpu")!.Index == bridge;
    }
}
