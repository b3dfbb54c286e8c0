using Dpf.Runtime.Hosting;

namespace Dpf.Provisioning.HostDms;

/// <summary>
/// <c>rshim-preflight --pci=0000:03:00</c>: fails when the host itself drives the card's rshim, because only one may. That of another
/// card, which its own DMS pod drives, is nobody's concern here.
/// </summary>
public sealed class RshimPreflightComponent : IComponent
{
    /// <inheritdoc />
    public async Task RunAsync(ComponentContext context, CancellationToken cancellation)
    {
        var pci = context.Required("pci");
        if (await RshimDevices.OfAsync(context.Path("/dev"), pci, cancellation) is { } device)
        {
            throw new InvalidOperationException(
                $"the host {context.Machine.HostName} drives the rshim of the card at {pci} itself (/dev/{device}); stop and remove its rshim package");
        }
    }
}
