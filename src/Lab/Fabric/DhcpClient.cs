using Dpf.Lab.Machines;
using Dpf.Runtime.Machines;

namespace Dpf.Lab.Fabric;

/// <summary>Runs a DHCP client on a device of a machine, as its network manager would.</summary>
internal static class DhcpClient
{
    private const string Script = "/usr/local/sbin/lab-dhcp";

    private const string Content =
        """
        #!/bin/sh
        # Called by udhcpc: applies a lease. Its arguments and variables are described in udhcpc(8).
        case "$1" in
        bound|renew)
          ip addr replace "$ip/$mask" dev "$interface" valid_lft "$lease" preferred_lft "$lease"
          if [ "$LAB_DEFAULT_ROUTE" = yes ]; then
            for hop in $router; do ip route replace default via "$hop" dev "$interface" metric 50; break; done
          fi
          set -- $staticroutes
          while [ $# -ge 2 ]; do ip route replace "$1" via "$2" dev "$interface"; shift 2; done
          ;;
        deconfig)
          if [ "$LAB_IPV6" = yes ]; then
            sysctl -qw "net.ipv6.conf.$interface.accept_ra=2" "net.ipv6.conf.$interface.disable_ipv6=0"
          fi
          ip link set "$interface" up
          ;;
        esac

        """;

    /// <summary>Starts a client that stays.</summary>
    /// <param name="machine">The machine.</param>
    /// <param name="device">The device.</param>
    /// <param name="defaultRoute">Whether the router that is offered is the way to everywhere.</param>
    /// <param name="isDual">Whether the device speaks IPv6 too, and hears what routers advertise.</param>
    public static IMachineProcess Start(Machine machine, string device, bool defaultRoute, bool isDual = false)
    {
        var script = machine.Path(Script);
        Directory.CreateDirectory(Path.GetDirectoryName(script)!);
        File.WriteAllText(script, Content);
        File.SetUnixFileMode(
            script, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute | UnixFileMode.GroupRead | UnixFileMode.GroupExecute |
            UnixFileMode.OtherRead | UnixFileMode.OtherExecute);
        return machine.Start(new MachineCommand(
            "udhcpc", "-f", "-i", device, "-s", Script, "-t", "2", "-T", "1", "-A", "1", "-O", "staticroutes", "-O", "router")
        {
            Environment = new Dictionary<string, string> { ["LAB_DEFAULT_ROUTE"] = defaultRoute ? "yes" : "no", ["LAB_IPV6"] = isDual ? "yes" : "no" },
            LogPath = $"/var/log/dhcp-{device}.log",
        });
    }
}
