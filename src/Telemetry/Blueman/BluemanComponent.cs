using System.Globalization;
using Dpf.Runtime.Hosting;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;

namespace Dpf.Telemetry.Blueman;

/// <summary><c>doca-blueman</c>: a page with the DPU's identity, health and counters.</summary>
public sealed class BluemanComponent : IComponent
{
    /// <inheritdoc />
    public async Task RunAsync(ComponentContext context, CancellationToken cancellation)
    {
        var port = int.Parse(context.Option("port", "10000")!, CultureInfo.InvariantCulture);
        await using var ovs = new Switch(context);
        await ComponentServer.ServeAsync(
            context, port,
            app =>
            {
                app.MapGet("/", () => Results.Content(DpuPage.Write(DpuFacts.Read(context, ovs)), "text/html; charset=utf-8"));
                app.MapGet("/healthz", () => "ok");
            },
            cancellation);
    }
}
