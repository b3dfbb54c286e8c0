using Dpf.Runtime.Hosting;

namespace Dpf.Provisioning.HostDms;

/// <summary>
/// <c>rshim-preflight --pci=0000:03:00</c>: fails when the host itself drives the card's rshim, because only one may.
/// </summary>
public sealed class RshimPreflightComponent : IComponent
{
    /// <summary>The last words of a container, which the pod's status shows.</summary>
    private const string TerminationLog = "/dev/termination-log";

    /// <inheritdoc />
    public async Task RunAsync(ComponentContext context, CancellationToken cancellation)
    {
        var pci = context.Required("pci");
        if (await RshimDevices.OfAsync(context.Path("/dev"), pci, cancellation) is not { } device)
        {
            return;
        }

        var message =
            $"the host {context.Machine.HostName} drives the rshim of the card at {pci} itself (/dev/{device}); stop and remove its rshim package";
        if (File.Exists(context.Path(TerminationLog)))
        {
            await File.WriteAllTextAsync(context.Path(TerminationLog), message, cancellation);
        }

        throw new InvalidOperationException(message);
    }
}
