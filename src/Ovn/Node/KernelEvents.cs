using Dpf.Runtime.Machines;

namespace Dpf.Ovn.Node;

/// <summary>Tells whenever an interface, an address or a route of the machine changes.</summary>
internal static class KernelEvents
{
    // A network manager changes many things at once: they are one reason to look.
    private static readonly TimeSpan Settling = TimeSpan.FromMilliseconds(50);
    private static readonly TimeSpan Retry = TimeSpan.FromSeconds(1);

    /// <summary>Runs until cancelled.</summary>
    public static async Task RunAsync(IMachine machine, TimeProvider time, Action changed, CancellationToken cancellation)
    {
        var buffer = new byte[65536];
        while (true)
        {
            await using (var monitor = machine.Start(new MachineCommand("ip", "-o", "monitor", "link", "address", "route") { Piped = true }))
            {
                while (await monitor.StandardOutput.ReadAsync(buffer, cancellation) > 0)
                {
                    changed();
                    await Task.Delay(Settling, time, cancellation);
                }
            }

            await Task.Delay(Retry, time, cancellation);
        }
    }
}
