using System.Net.Sockets;
using System.Security.Cryptography.X509Certificates;
using Microsoft.Extensions.Logging;

namespace Dpf.Lab.Addons.Kamaji;

/// <summary>Starts the API server of a tenant in this process.</summary>
public interface IApiServerLauncher
{
    /// <summary>Starts a server; disposing it stops it and leaves its data.</summary>
    Task<IRunningApiServer> StartAsync(ApiServerPlacement placement, CancellationToken cancellation);
}

/// <summary>Where and how a tenant's API server runs.</summary>
public sealed record ApiServerPlacement
{
    /// <summary>The folder of its database, certificates and keys.</summary>
    public required string DataPath { get; init; }

    /// <summary>The address that clients dial.</summary>
    public required string Host { get; init; }

    /// <summary>The port.</summary>
    public required int Port { get; init; }

    /// <summary>Makes the bound socket to listen on.</summary>
    public required Func<Socket> BoundSocket { get; init; }

    /// <summary>Reaches webhooks and kubelets.</summary>
    public required Func<string, int, CancellationToken, Task<Stream>> Dialer { get; init; }

    /// <summary>The range of service addresses.</summary>
    public required string ServiceCidr { get; init; }

    /// <summary>The version that it reports.</summary>
    public required string KubernetesVersion { get; init; }

    /// <summary>Further names in its certificate.</summary>
    public IReadOnlyList<string> ExtraSans { get; init; } = [];

    /// <summary>Where it logs.</summary>
    public required ILoggerFactory Loggers { get; init; }

    /// <summary>The clock.</summary>
    public required TimeProvider Time { get; init; }
}

/// <summary>A tenant's API server.</summary>
public interface IRunningApiServer : IAsyncDisposable
{
    /// <summary>Its authority with the key.</summary>
    X509Certificate2 Authority { get; }

    /// <summary>Issues a client certificate (with its key) for a user and groups.</summary>
    X509Certificate2 IssueClient(string user, IReadOnlyCollection<string> groups);
}
