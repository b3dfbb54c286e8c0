using System.Net.Sockets;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;

namespace Dpf.ApiServer;

/// <summary>How an <see cref="EmbeddedApiServer"/> runs. Every value has a default that suits a test.</summary>
public sealed record ApiServerOptions
{
    /// <summary>The version that a server of this library reports, unless told otherwise.</summary>
    public const string DefaultKubernetesVersion = "v1.32.4";

    /// <summary>Database, certificates and keys live here; null: a folder that is removed when the server stops.</summary>
    public string? DataPath { get; init; }

    /// <summary>Where it listens. Empty: loopback on a port that the system chooses.</summary>
    public IReadOnlyList<ApiEndpoint> Endpoints { get; init; } = [];

    /// <summary>Further DNS names and addresses in the serving certificate.</summary>
    public IReadOnlyList<string> ExtraSans { get; init; } = [];

    /// <summary>How the server reaches webhooks and kubelets, as host and port; null: the process's own network.</summary>
    public Func<string, int, CancellationToken, Task<Stream>>? Dialer { get; init; }

    /// <summary>The clock.</summary>
    public TimeProvider Time { get; init; } = TimeProvider.System;

    /// <summary>Where the server logs.</summary>
    public ILoggerFactory Loggers { get; init; } = NullLoggerFactory.Instance;

    /// <summary>The addresses that Services get: a network, or one of each family separated by a comma.</summary>
    public string ServiceCidr { get; init; } = "10.96.0.0/12";

    /// <summary>The domain of Service names.</summary>
    public string ClusterDomain { get; init; } = "cluster.local";

    /// <summary>The cluster's name in kubeconfigs.</summary>
    public string ClusterName { get; init; } = "kubernetes";

    /// <summary>What <c>/version</c> reports.</summary>
    public string KubernetesVersion { get; init; } = DefaultKubernetesVersion;

    /// <summary>The issuer of service account tokens; null: <c>https://kubernetes.default.svc.&lt;domain&gt;</c>.</summary>
    public string? ServiceAccountIssuer { get; init; }

    /// <summary>Whether a request without credentials is served as <c>system:anonymous</c>.</summary>
    public bool AnonymousAccess { get; init; } = true;

    /// <summary>
    /// The address and port that the <c>kubernetes</c> endpoints name; null: the first endpoint's own, unless it is loopback.
    /// </summary>
    public string? AdvertiseAddress { get; init; }

    /// <summary>How many changes of each resource a watch may lie behind before it must list again.</summary>
    public int WatchHistory { get; init; } = 20_000;
}

/// <summary>One place where the server listens.</summary>
public sealed record ApiEndpoint
{
    /// <summary>The address in kubeconfigs and in the certificate.</summary>
    public string Host { get; init; } = "127.0.0.1";

    /// <summary>The port; 0: chosen by the system (only without <see cref="Socket"/>).</summary>
    public int Port { get; init; }

    /// <summary>Makes the bound stream socket to listen on, e.g. in another network namespace; null: an ordinary one.</summary>
    public Func<Socket>? Socket { get; init; }
}
