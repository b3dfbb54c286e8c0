using System.Globalization;
using System.Net;
using Dpf.Runtime.Hosting;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;

namespace Dpf.Runtime.Vitals;

/// <summary>
/// A component with the endpoints that its command line asks for: <c>--metrics-bind-address</c> for <c>/metrics</c> and
/// <c>--health-probe-bind-address</c> for <c>/healthz</c> and <c>/readyz</c>, each <c>ADDRESS:PORT</c>, <c>:PORT</c>, or <c>0</c> for
/// none. Without the flag there is none, so that agents in a node's network take no port of it unasked.
/// </summary>
/// <param name="inner">The component.</param>
public sealed class ObservedComponent(IComponent inner) : IComponent
{
    private const string MetricsFlag = "metrics-bind-address";
    private const string HealthFlag = "health-probe-bind-address";

    /// <inheritdoc />
    public async Task RunAsync(ComponentContext context, CancellationToken cancellation)
    {
        var metrics = Address(context, MetricsFlag);
        var health = Address(context, HealthFlag);
        if (metrics is null && health is null)
        {
            await inner.RunAsync(context, cancellation);
            return;
        }

        IPEndPoint[] addresses = [.. new[] { metrics, health }.OfType<IPEndPoint>().Distinct()];
        await Together.RunAsync(
            stop => [WorkAsync(context, stop), ComponentServer.ServeAsync(context, addresses, app => Map(app, context.Vitals, metrics, health), stop)],
            cancellation);
    }

    /// <summary>What a flag says to listen on; null for nothing.</summary>
    /// <exception cref="InvalidOperationException">It is no address.</exception>
    internal static IPEndPoint? Address(ComponentContext context, string flag)
    {
        var value = context.Option(flag);
        if (value is null or "0")
        {
            return null;
        }

        var colon = value.LastIndexOf(':');
        var host = colon < 0 ? "" : value[..colon].Trim('[', ']');
        if (colon >= 0 && ushort.TryParse(value[(colon + 1)..], CultureInfo.InvariantCulture, out var port))
        {
            switch (host)
            {
                case "" or "::":
                    return new IPEndPoint(IPAddress.Any, port);
                case "localhost":
                    return new IPEndPoint(IPAddress.Loopback, port);
                default:
                    if (IPAddress.TryParse(host, out var address) && address.AddressFamily == System.Net.Sockets.AddressFamily.InterNetwork)
                    {
                        return new IPEndPoint(address, port);
                    }

                    break;
            }
        }

        throw new InvalidOperationException($"{context.Name}: --{flag}={value}: give ADDRESS:PORT (IPv4), :PORT, or 0 for none");
    }

    private static void Map(WebApplication app, ComponentVitals vitals, IPEndPoint? metrics, IPEndPoint? health)
    {
        if (metrics is not null)
        {
            On(metrics, "/metrics", async http =>
            {
                http.Response.ContentType = "text/plain; version=0.0.4; charset=utf-8";
                await vitals.Metrics.WriteAsync(http.Response.Body, http.RequestAborted);
            });
        }

        if (health is not null)
        {
            On(health, "/healthz", http => AnswerAsync(http, vitals.Health.Liveness(Verbose(http))));
            On(health, "/readyz", http => AnswerAsync(http, vitals.Health.Readiness(Verbose(http), [.. http.Request.Query["exclude"].OfType<string>()])));
            On(health, "/readyz/{check}", http => vitals.Health.Readiness((string)http.GetRouteValue("check")!) is { } answer
                ? AnswerAsync(http, answer)
                : NotFound(http));
        }

        void On(IPEndPoint endpoint, string path, RequestDelegate answer) =>
            app.MapGet(path, http => http.Connection.LocalPort == endpoint.Port ? answer(http) : NotFound(http));
    }

    private static Task NotFound(HttpContext http)
    {
        http.Response.StatusCode = StatusCodes.Status404NotFound;
        return Task.CompletedTask;
    }

    // A component that fails at once fails as a task, too.
    private async Task WorkAsync(ComponentContext context, CancellationToken cancellation) => await inner.RunAsync(context, cancellation);

    private static bool Verbose(HttpContext http) => http.Request.Query.ContainsKey("verbose");

    private static Task AnswerAsync(HttpContext http, HealthAnswer answer)
    {
        http.Response.StatusCode = answer.Passed ? StatusCodes.Status200OK : StatusCodes.Status500InternalServerError;
        http.Response.ContentType = "text/plain; charset=utf-8";
        return http.Response.WriteAsync(answer.Text, http.RequestAborted);
    }
}
