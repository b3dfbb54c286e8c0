using Dpf.Ovn.Zone.Applying;
using Dpf.Testing;
using Microsoft.Extensions.Logging.Abstractions;

namespace Dpf.Ovn.Tests.Zone;

/// <summary>The servers of a zone's two databases, filled as far as OVN's own tools fill them, and what writes to both.</summary>
internal sealed class ZoneServers : IAsyncDisposable
{
    private ZoneServers(OvsdbServer north, OvsdbServer south)
    {
        (North, South) = (north, south);
        Databases = new ZoneDatabases(() => north.Socket, () => south.Socket, TimeProvider.System, NullLogger.Instance);
    }

    public OvsdbServer North { get; }

    public OvsdbServer South { get; }

    public ZoneDatabases Databases { get; }

    public static async Task<ZoneServers> StartAsync(CancellationToken cancellation)
    {
        var north = await OvsdbServer.StartAsync("/usr/share/ovn/ovn-nb.ovsschema", cancellation);
        var south = await OvsdbServer.StartAsync("/usr/share/ovn/ovn-sb.ovsschema", cancellation);
        await OvsdbServer.RunAsync(cancellation, "ovn-nbctl", $"--db=unix:{north.Socket}", "init");
        await OvsdbServer.RunAsync(cancellation, "ovn-sbctl", $"--db=unix:{south.Socket}", "init");
        return new ZoneServers(north, south);
    }

    public async ValueTask DisposeAsync()
    {
        await Databases.DisposeAsync();
        await North.DisposeAsync();
        await South.DisposeAsync();
    }
}
