using System.Globalization;
using Dpf.Runtime.Hosting;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;

namespace Dpf.Telemetry.Dts;

/// <summary><c>doca-telemetry</c>: exports the DPU's switch and interface counters to Prometheus at <c>/metrics</c>.</summary>
public sealed class TelemetryComponent : IComponent
{
    /// <inheritdoc />
    public async Task RunAsync(ComponentContext context, CancellationToken cancellation)
    {
        var node = context.Variable("NODE_NAME", context.Machine.HostName)!;
        var port = int.Parse(context.Option("port", "9100")!, CultureInfo.InvariantCulture);
        await using var ovs = new Switch(context);
        await ComponentServer.ServeAsync(
            context, port,
            app =>
            {
                app.MapGet("/metrics", () => Results.Text(
                    Metrics.Write(node, ovs.IsConnected, ovs.Ports, NetworkDevices.Read(context.Machine)), Metrics.MediaType));
                app.MapGet("/healthz", () => "ok");
            },
            cancellation);
    }
}
