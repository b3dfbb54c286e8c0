using System.Security.Cryptography;
using Dpf.Provisioning.Detection;
using Dpf.Runtime.Hosting;
using Dpf.Runtime.Machines;
using Microsoft.Extensions.Logging;

namespace Dpf.Provisioning.HostDms;

/// <summary>
/// <c>dms</c>: runs the card's rshim driver and NVIDIA's <c>dmsd</c>, the gNOI and gNMI server that installs a BlueField. Ends when
/// one of them does, so that the container starts anew.
/// </summary>
public sealed class DmsComponent : IComponent
{
    private static readonly TimeSpan Interval = TimeSpan.FromSeconds(10);

    /// <inheritdoc />
    public async Task RunAsync(ComponentContext context, CancellationToken cancellation)
    {
        var options = DmsOptions.Of(context);
        var logger = context.Loggers.CreateLogger("dms");
        var management = new PciFunctions(context.Machine.Path("/sys/bus/pci/devices")).Management(options.Pci);
        await using var rshim = new LoggedProcess("rshim", context.Machine, options.RshimCommand(management), logger);
        while (true)
        {
            var served = Fingerprint(context, options);
            await using var dmsd = new LoggedProcess("dmsd", context.Machine, options.Command(), logger);
            while (Fingerprint(context, options) == served || !await IsIdleAsync(context, options, cancellation))
            {
                var turn = Task.Delay(Interval, context.Time, cancellation);
                if (await Task.WhenAny(rshim.Exited, dmsd.Exited, turn) == turn)
                {
                    await turn;
                    continue;
                }

                var ended = rshim.Exited.IsCompleted ? rshim : dmsd;
                throw new InvalidOperationException($"{ended.Name} ended with {await ended.Exited}; its last lines are in this container's log");
            }

            // It reads its certificates once, and they live for a day.
            logger.LogInformation("the certificates were renewed: dmsd starts anew");
        }
    }

    /// <summary>Tells one set of certificates from the next.</summary>
    private static string Fingerprint(ComponentContext context, DmsOptions options)
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        foreach (var path in (string[])[options.Authority, options.Certificate, options.Key])
        {
            hash.AppendData(File.ReadAllBytes(context.Path(path)));
        }

        return Convert.ToHexString(hash.GetHashAndReset());
    }

    /// <summary>Whether nobody is connected: who installs a card stays connected until that is over.</summary>
    private static async Task<bool> IsIdleAsync(ComponentContext context, DmsOptions options, CancellationToken cancellation)
    {
        var connections = await context.Machine.ExecuteAsync(
            cancellation, "ss", "--no-header", "--tcp", "--numeric", "state", "established", "sport", "=", ":" + options.Port);
        return string.IsNullOrWhiteSpace(connections);
    }
}
