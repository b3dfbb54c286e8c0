using Dpf.Provisioning.HostDms;
using Dpf.Provisioning.Tests.World;
using Microsoft.Extensions.Time.Testing;

namespace Dpf.Provisioning.Tests.HostDms;

/// <summary>The components of a DMS pod, with scripts in place of NVIDIA's programs. Needs root.</summary>
public sealed class HostDmsTests
{
    private const string Program = "/opt/mellanox/doca/services/dms/dmsd";
    private static readonly string[] Options =
        ["--bind-address=0.0.0.0:9340", "--target-pci=03:00", "--image-folder=/bfb", "--exec-timeout=900", "--ca=/tls/ca.crt", "--tls-cert=/tls/tls.crt", "--tls-key=/tls/tls.key"];

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Dmsd_gets_its_flags_and_starts_anew_with_a_new_certificate_when_nobody_is_connected()
    {
        Assert.SkipUnless(Environment.IsPrivilegedProcess, "needs root");
        await using var host = await PrepareAsync("while :; do sleep 1; done");
        var clock = new FakeTimeProvider();
        host.Run(new DmsComponent(), host.Context("dms", arguments: Options) with { Time = clock });

        await Eventually.SeeAsync(() => Starts(host) == 1 && host.Read("/run/rshim-started") is not null);
        Assert.Matches(
            "^-bind_address 0.0.0.0:9340 -auth cert -ca /tls/ca.crt -tls_cert_file /tls/tls.crt -tls_key_file /tls/tls.key -username admin -password [0-9a-f]{32} " +
            "-image_folder /bfb -target_pci 03:00 -exec_timeout 900 -disable_unbind_at_activate -reboot_status_check none\n$",
            host.Read("/run/dmsd-started"));
        host.Write("/tls/tls.crt", "renewed\n");
        await Eventually.SeeAsync(() =>
        {
            clock.Advance(TimeSpan.FromSeconds(10));
            return Starts(host) == 2;
        });
    }

    [Fact]
    public async Task Rshim_attaches_to_the_cards_own_management_function_and_to_no_other()
    {
        Assert.SkipUnless(Environment.IsPrivilegedProcess, "needs root");
        await using var host = await PrepareAsync("while :; do sleep 1; done");
        foreach (var (function, device) in (ReadOnlySpan<(string, string)>)[("0000:03:00.0", "0xa2dc"), ("0000:03:00.1", "0xa2dc"), ("0000:03:00.2", "0xc2d5"), ("0000:82:00.2", "0xc2d5")])
        {
            host.Write($"/sys/bus/pci/devices/{function}/device", device + "\n");
        }

        host.Run(new DmsComponent(), host.Context("dms", arguments: [.. Options, "--pci=0000:03:00"]));

        await Eventually.SeeAsync(() => host.Read("/run/rshim-started") == "--foreground --index 1 --device pcie-0000:03:00.2\n");
    }

    [Fact]
    public async Task When_a_program_ends_so_does_the_component()
    {
        Assert.SkipUnless(Environment.IsPrivilegedProcess, "needs root");
        await using var host = await PrepareAsync("exit 3");

        var failure = await Assert.ThrowsAsync<InvalidOperationException>(
            () => new DmsComponent().RunAsync(host.Context("dms", arguments: Options), Cancellation));

        Assert.Contains("dmsd ended with 3", failure.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Every_function_of_the_card_is_told_to_recover_from_every_error()
    {
        Assert.SkipUnless(Environment.IsPrivilegedProcess, "needs root");
        await using var host = await TestMachine.StartAsync(Cancellation);
        await host.ShellAsync(
            """
            mkdir -p /sys/bus/pci/devices/0000:03:00.0 /sys/bus/pci/devices/0000:03:00.2 /sys/bus/pci/devices/0000:82:00.0
            ln -s ../0000:03:00.2 /sys/bus/pci/devices/0000:03:00.0/virtfn0
            printf '#!/bin/sh\necho "$*" >>/run/devlink; exit 1\n' >/usr/local/sbin/devlink; chmod +x /usr/local/sbin/devlink
            """);

        await new DevlinkGracePeriodComponent().RunAsync(host.Context("devlink-grace-period", arguments: "--pci=0000:03:00"), Cancellation);

        Assert.Equal(
            """
            health set pci/0000:03:00.0 reporter fw_fatal grace_period 0
            health recover pci/0000:03:00.0 reporter fw_fatal
            health set pci/0000:03:00.2 reporter fw_fatal grace_period 0
            health recover pci/0000:03:00.2 reporter fw_fatal

            """,
            host.Read("/run/devlink"));
    }

    private static int Starts(TestMachine host) => (host.Read("/run/dmsd-started") ?? "").Count(c => c == '\n');

    private static async Task<TestMachine> PrepareAsync(string daemon)
    {
        var host = await TestMachine.StartAsync(Cancellation);
        host.Write("/usr/local/sbin/rshim", "#!/bin/sh\necho \"$*\" >>/run/rshim-started\nwhile :; do sleep 1; done\n");
        host.Write(Program, $"#!/bin/sh\necho \"$*\" >>/run/dmsd-started\n{daemon}\n");
        foreach (var name in (string[])["ca.crt", "tls.crt", "tls.key"])
        {
            host.Write("/tls/" + name, name + "\n");
        }

        await host.ShellAsync($"chmod +x /usr/local/sbin/rshim {Program}");
        return host;
    }
}
