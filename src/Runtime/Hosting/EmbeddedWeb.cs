using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace Dpf.Runtime.Hosting;

/// <summary>Web servers that live inside a component: signals are the process's, and end the component, not one server of it.</summary>
public static class EmbeddedWeb
{
    /// <summary>An empty builder; the logs go to <paramref name="loggers"/>, or nowhere.</summary>
    public static WebApplicationBuilder CreateBuilder(ILoggerFactory? loggers = null)
    {
        var builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions());
        builder.Services.AddSingleton<IHostLifetime, OwnersLifetime>();
        if (loggers is not null)
        {
            builder.Services.AddSingleton(loggers);
        }

        return builder;
    }

    private sealed class OwnersLifetime : IHostLifetime
    {
        public Task WaitForStartAsync(CancellationToken cancellationToken) => Task.CompletedTask;

        public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;
    }
}
