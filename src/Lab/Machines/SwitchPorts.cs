using Dpf.Runtime.Machines;

namespace Dpf.Lab.Machines;

/// <summary>
/// The devices that are ports of a machine's switch in user space. On metal the switch takes every packet of its ports; here the
/// kernel sees a copy, and would answer what is for an address that it shares with the switch (a reset for each connection that is
/// none of its own). So what arrives there is dropped behind the switch's socket.
/// </summary>
internal static class SwitchPorts
{
    /// <summary>Keeps the kernel away from these devices of a machine, and from no others.</summary>
    public static async Task HideAsync(Machine machine, IEnumerable<string> devices, CancellationToken cancellation)
    {
        var command = new MachineCommand("nft", "-f", "-")
        {
            Input =
                $$"""
                table netdev switch-ports {}
                delete table netdev switch-ports
                table netdev switch-ports {
                  chain ingress {
                    type filter hook ingress devices = { {{string.Join(", ", devices)}} } priority -500
                    policy drop
                  }
                }

                """,
        };
        var result = await machine.RunAsync(command, cancellation);
        if (!result.Succeeded)
        {
            throw new MachineCommandException(machine.HostName, command, result);
        }
    }
}
