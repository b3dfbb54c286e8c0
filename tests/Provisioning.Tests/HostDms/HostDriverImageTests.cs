using System.Diagnostics;
using Dpf.Api.Provisioning;
using Dpf.Provisioning.Dpus;
using Dpf.Provisioning.Tests.World;
using k8s.Models;

namespace Dpf.Provisioning.Tests.HostDms;

/// <summary>The image that DMS pods run: what is asked of them is in it, and does what it says.</summary>
public sealed class HostDriverImageTests : IDisposable
{
    private const string Card = "03:00";
    private readonly string _folder = Directory.CreateTempSubdirectory("dpf-hostdriver-test-").FullName;

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void Every_command_that_restarts_a_host_is_in_the_image(bool isPowerCycle)
    {
        var recipe = File.ReadAllText(Path.Combine(ProvisioningWorld.Repository(), "deploy/image/hostdriver.Containerfile"));
        var dpu = new Dpu
        {
            Metadata = new V1ObjectMeta { Annotations = new Dictionary<string, string> { [ProvisioningLabels.PowerCycleRequired] = isPowerCycle ? "true" : "false" } },
        };
        var choice = RebootChoice.Of(dpu, new V1Node { Metadata = new V1ObjectMeta { Name = "worker1" } }, new DpuFlavorSpec());
        var commands = choice.Words(PciAddress.Parse("0000-03-00")!).Select(w => w[0]).Distinct().ToList();
        Assert.All(commands, command => Assert.Matches($@"(install .* {command} )|(COPY .* /usr/sbin/{command}\n)", recipe));
    }

    [Fact]
    public async Task A_card_is_shut_down_by_its_own_rshim_and_waited_for()
    {
        Rshim(0, "02:00");
        var misc = Rshim(1, Card);
        Stub("mlxfwreset", $"case \"$*\" in *--sync*) echo ' INFO[BL31]: System Off' >>{misc};; esac");
        Stub("flint", "exit 1");
        Assert.Equal((0, ""), await RunAsync("arm"));
        Assert.Equal(["flint -d 03:00.0 q", "mlxfwreset -d 03:00.0 q", "mlxfwreset -d 03:00.0 -l 1 -t 4 reset -y --sync 0"], Said());
    }

    [Fact]
    public async Task A_card_that_does_not_go_down_fails_the_reset()
    {
        Rshim(0, Card);
        Stub("mlxfwreset", "");
        Stub("flint", "");
        Assert.Equal((2, "bf-slr.sh: the processors of card 03:00 were not off after 30 looks\n"), await RunAsync("arm"));
    }

    [Fact]
    public async Task A_card_without_an_rshim_is_not_touched()
    {
        Rshim(0, "02:00");
        Stub("mlxfwreset", "");
        Assert.Equal((1, $"bf-slr.sh: no rshim under {_folder}/dev is that of card 03:00\n"), await RunAsync("arm"));
        Assert.Empty(Said());
    }

    [Fact]
    public async Task A_host_is_taken_down_by_its_BMC()
    {
        Stub("mlxfwreset", $"{_folder}/reboot");
        Stub("ipmitool", "");
        Assert.Equal((0, ""), await RunAsync("host"));
        Assert.Equal(["mlxfwreset -d 03:00.0 -l 4 reset -y", "ipmitool chassis power reset"], Said());
    }

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    private string Rshim(int index, string card)
    {
        var folder = Directory.CreateDirectory(Path.Combine(_folder, $"dev/rshim{index}")).FullName;
        File.WriteAllText($"{folder}/misc", $"DISPLAY_LEVEL   0 (0:basic, 1:advanced, 2:log)\nDEV_NAME        pcie-0000:{card}.2\n");
        return $"{folder}/misc";
    }

    /// <summary>A program that notes how it was called, and then does something.</summary>
    private void Stub(string name, string does)
    {
        var path = Path.Combine(Directory.CreateDirectory(Path.Combine(_folder, "bin")).FullName, name);
        File.WriteAllText(path, $"#!/bin/sh\necho {name} \"$@\" >>{_folder}/said\n{does}\n");
        File.SetUnixFileMode(path, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
    }

    private string[] Said() => File.Exists($"{_folder}/said") ? File.ReadAllLines($"{_folder}/said") : [];

    private async Task<(int Code, string Error)> RunAsync(string step)
    {
        var script = Path.Combine(ProvisioningWorld.Repository(), "deploy/image/hostdriver/bf-slr.sh");
        var start = new ProcessStartInfo("sh", [script, Card, "reset", step]) { RedirectStandardError = true, RedirectStandardOutput = true, UseShellExecute = false };
        start.Environment["PATH"] = $"{_folder}/bin:/usr/bin:/bin";
        start.Environment["RSHIM_DEVICES"] = $"{_folder}/dev";
        start.Environment["REBOOT_COMMAND"] = $"{_folder}/reboot";
        start.Environment["BF_SLR_PAUSE"] = "0";
        using var process = Process.Start(start)!;
        var error = await process.StandardError.ReadToEndAsync(Cancellation);
        await process.WaitForExitAsync(Cancellation);
        return (process.ExitCode, error);
    }
}
