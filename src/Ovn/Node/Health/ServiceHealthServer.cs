using Dpf.Ovn.Zone.Planning;
using Dpf.Runtime.Hosting;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;

namespace Dpf.Ovn.Node.Health;

/// <summary>
/// Tells balancers outside whether a node has endpoints of its own: one listener for each service that wants it, which comes and goes
/// with the service.
/// </summary>
/// <param name="context">The component, in whose network the listeners are.</param>
/// <param name="node">The node.</param>
/// <param name="logger">Told what cannot be served.</param>
internal sealed class ServiceHealthServer(ComponentContext context, string node, ILogger logger) : IAsyncDisposable
{
    private readonly Dictionary<int, Listener> _listeners = [];
    private volatile IReadOnlyDictionary<int, ServiceHealth> _health = new Dictionary<int, ServiceHealth>();

    /// <summary>Makes the listeners and their answers those of the services. One that failed, as where its port is taken, begins again.</summary>
    public async Task ApplyAsync(IReadOnlyList<ZoneService> services)
    {
        _health = ServiceHealth.Of(services, node);
        foreach (var port in _listeners.Keys.Except(_health.Keys).ToList())
        {
            await EndAsync(port);
        }

        foreach (var (port, health) in _health)
        {
            string? failure = null;
            if (_listeners.TryGetValue(port, out var listener))
            {
                if (!listener.Serving.IsCompleted)
                {
                    continue;
                }

                failure = listener.Serving.Exception?.InnerException?.Message ?? "ended";
                if (failure != listener.LastFailure)
                {
                    logger.LogWarning(
                        "service {Namespace}/{Name}: health check port {Port}: {Message}; trying again", health.Namespace, health.Name, port, failure);
                }

                await EndAsync(port);
            }

            var stop = new CancellationTokenSource();
            _listeners[port] = new Listener(stop, ComponentServer.ServeAsync(context, port, app => app.Run(http => AnswerAsync(http, port)), stop.Token), failure);
        }
    }

    /// <inheritdoc />
    public async ValueTask DisposeAsync()
    {
        foreach (var port in _listeners.Keys.ToList())
        {
            await EndAsync(port);
        }
    }

    private async Task AnswerAsync(HttpContext http, int port)
    {
        if (!_health.TryGetValue(port, out var health))
        {
            http.Response.StatusCode = StatusCodes.Status503ServiceUnavailable;
            return;
        }

        http.Response.StatusCode = health.Status;
        http.Response.ContentType = "application/json";
        await http.Response.WriteAsync(health.Text, http.RequestAborted);
    }

    private async Task EndAsync(int port)
    {
        if (_listeners.Remove(port, out var listener))
        {
            await listener.Stop.CancelAsync();
            await listener.Serving.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            listener.Stop.Dispose();
        }
    }

    private sealed record Listener(CancellationTokenSource Stop, Task Serving, string? LastFailure);
}
