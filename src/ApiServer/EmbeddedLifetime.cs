using Microsoft.Extensions.Hosting;

namespace Dpf.ApiServer;

/// <summary>A server that lives as long as its owner says: signals are the process's, not the library's.</summary>
internal sealed class EmbeddedLifetime : IHostLifetime
{
    /// <inheritdoc />
    public Task WaitForStartAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    /// <inheritdoc />
    public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;
}
