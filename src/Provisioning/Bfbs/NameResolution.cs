using System.Net;
using System.Net.Sockets;
using Dpf.Runtime.Machines;

namespace Dpf.Provisioning.Bfbs;

/// <summary>Finds the addresses of a name as the component's machine does: by its own hosts file and name servers.</summary>
internal sealed class NameResolution(IMachine machine)
{
    /// <summary>The addresses.</summary>
    /// <exception cref="HttpRequestException">Nobody knows the name.</exception>
    public async Task<IPAddress[]> ResolveAsync(string name, CancellationToken cancellation)
    {
        if (IPAddress.TryParse(name, out var literal))
        {
            return [literal];
        }

        try
        {
            var addresses = machine is LocalMachine
                ? await Dns.GetHostAddressesAsync(name, cancellation)
                : Parse((await machine.RunAsync(new MachineCommand("getent", "ahostsv4", name), cancellation)).Output);
            return addresses.Length > 0 ? addresses : throw new HttpRequestException($"{name}: {machine.HostName} knows no address of this name");
        }
        catch (SocketException e)
        {
            throw new HttpRequestException($"{name}: {e.Message}", e);
        }
    }

    /// <summary>The addresses that getent(1) printed.</summary>
    internal static IPAddress[] Parse(string output) =>
    [
        .. output.Split('\n', StringSplitOptions.RemoveEmptyEntries)
            .Select(line => IPAddress.TryParse(line.Split(' ', 2)[0], out var address) ? address : null)
            .OfType<IPAddress>().Distinct(),
    ];
}
