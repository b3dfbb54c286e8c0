using Dpf.Chaining.Switching;
using Dpf.Ovsdb.Models.OpenVSwitch;
using Dpf.Ovsdb.Rows;
using Dpf.Runtime.Hosting;
using Dpf.Runtime.Machines;
using Microsoft.Extensions.Logging;

namespace Dpf.Chaining.OvsCni;

/// <summary>
/// Finds DPDK ports that no thread of the datapath polls, and plugs them in again: the interface's type is taken away and given
/// back, by which the switch closes and opens the device while everything else about the port stays.
/// </summary>
public sealed class OvsHelperComponent : IComponent
{
    private const string Dpdk = "dpdk";
    private const string Unplugged = "dpf-unplugged";
    private static readonly TimeSpan Interval = TimeSpan.FromSeconds(30);

    /// <inheritdoc />
    public async Task RunAsync(ComponentContext context, CancellationToken cancellation)
    {
        var logger = context.Loggers.CreateLogger("ovs-helper");
        await using var ovs = new NodeSwitch(context.Machine, context.Time, context.Loggers.CreateLogger("ovsdb"));
        await ovs.Client.WaitUntilSyncedAsync(cancellation);
        while (true)
        {
            try
            {
                await PassAsync(context.Machine, ovs, logger, cancellation);
            }
            catch (Exception e) when (e is MachineCommandException or IOException or Ovsdb.Transactions.TransactionException or MissingRowException)
            {
                logger.LogWarning("{Machine}: {Message}; trying again", context.Machine.HostName, e.Message);
            }

            await Task.Delay(Interval, context.Time, cancellation);
        }
    }

    /// <summary>The ports that threads poll, as <c>dpif-netdev/pmd-rxq-show</c> lists them.</summary>
    public static IReadOnlySet<string> Polled(string text) =>
        text.Split('\n', StringSplitOptions.TrimEntries)
            .Where(l => l.StartsWith("port:", StringComparison.Ordinal))
            .Select(l => l["port:".Length..].Split(' ', StringSplitOptions.RemoveEmptyEntries).FirstOrDefault("").Trim('"'))
            .Where(n => n.Length > 0).ToHashSet(StringComparer.Ordinal);

    /// <summary>One look at all ports.</summary>
    internal static async Task PassAsync(IMachine machine, NodeSwitch ovs, ILogger logger, CancellationToken cancellation)
    {
        // Of a pass that was interrupted half-way.
        await RetypeAsync(ovs, ovs.View.Ports.Values.Where(p => p.Type == Unplugged), Dpdk, cancellation);
        var dpdk = ovs.View.Ports.Values.Where(p => p.Type == Dpdk).ToList();
        if (dpdk.Count == 0)
        {
            return;
        }

        var polled = Polled(await machine.ExecuteAsync(cancellation, "ovs-appctl", "dpif-netdev/pmd-rxq-show"));
        var lost = dpdk.Where(p => !polled.Contains(p.Name)).ToList();
        if (lost.Count > 0)
        {
            logger.LogWarning("{Machine}: nobody polls {Ports}: plugging in again", machine.HostName, string.Join(", ", lost.Select(p => p.Name)));
            await RetypeAsync(ovs, lost, Unplugged, cancellation);
            await RetypeAsync(ovs, lost, Dpdk, cancellation);
        }
    }

    private static async Task RetypeAsync(NodeSwitch ovs, IEnumerable<PortView> ports, string type, CancellationToken cancellation)
    {
        var rows = new RowSet("ovs-helper");
        foreach (var port in ports)
        {
            var row = rows.Existing<Interface>(port.Name).Row;
            row["type"] = Ovsdb.Values.Datum.Of(Ovsdb.Values.Atom.Of(type));
            if (port.Ofport is { } number)
            {
                // Flows know the port by this number.
                row["ofport_request"] = Ovsdb.Values.Datum.Of(Ovsdb.Values.Atom.Of(number));
            }
        }

        await ovs.ApplyAsync(rows, cancellation);
    }
}
