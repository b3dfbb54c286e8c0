using Dpf.Runtime.Clusters;
using Dpf.Runtime.Hosting;
using Dpf.Runtime.Machines;
using k8s.Models;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;

namespace Dpf.Lab.Kubelet;

/// <summary>What a <see cref="Kubelet"/> is told.</summary>
public sealed record KubeletOptions
{
    /// <summary>The machine whose node it keeps.</summary>
    public required IMachine Machine { get; init; }

    /// <summary>The node's name.</summary>
    public required string NodeName { get; init; }

    /// <summary>
    /// The cluster, dialled from the machine's network. With a client certificate it is used as it is; with a bootstrap token the
    /// kubelet asks for a certificate of its own and waits for its approval.
    /// </summary>
    public required KubeConnection Connection { get; init; }

    /// <summary>The node's address.</summary>
    public required string NodeIp { get; init; }

    /// <summary>A folder of this kubelet alone, outside the machine, that survives the machine's reboot.</summary>
    public required string StateFolder { get; init; }

    /// <summary>The components that containers with the command <c>dpf run &lt;name&gt;</c> run, by name.</summary>
    public IReadOnlyDictionary<string, IComponent> Components { get; init; } = new Dictionary<string, IComponent>();

    /// <summary>The components that run as containers of processes of their own instead; null when all are hosted in this process.</summary>
    public IsolatedComponents? Isolated { get; init; }

    /// <summary>Labels beyond host name, operating system and architecture.</summary>
    public IReadOnlyDictionary<string, string> Labels { get; init; } = new Dictionary<string, string>();

    /// <summary>Taints that the node is registered with.</summary>
    public IReadOnlyList<V1Taint> Taints { get; init; } = [];

    /// <summary>The API server's address for pods; null: that of <see cref="Connection"/>.</summary>
    public string? ApiServerHost { get; init; }

    /// <summary>The API server's port for pods; null: that of <see cref="Connection"/>.</summary>
    public int? ApiServerPort { get; init; }

    /// <summary>The cluster's name server for pods; null when it has none.</summary>
    public string? ClusterDns { get; init; }

    /// <summary>The domain of the cluster's names.</summary>
    public string ClusterDomain { get; init; } = "cluster.local";

    /// <summary>Where an NFS export (server, path) is found on the machine; null when there is no such export.</summary>
    public Func<string, string, string?> NfsFolder { get; init; } = (_, _) => null;

    /// <summary>What the node has, besides what device plugins offer.</summary>
    public IReadOnlyDictionary<string, string> Capacity { get; init; } = new Dictionary<string, string>
    {
        ["cpu"] = "16", ["memory"] = "64Gi", ["ephemeral-storage"] = "200Gi", ["pods"] = "500",
    };

    /// <summary>The version that the node reports.</summary>
    public string Version { get; init; } = "v1.32.4";

    /// <summary>The port of the kubelet's own server.</summary>
    public int Port { get; init; } = 10250;

    /// <summary>The kubelet's own log.</summary>
    public ILoggerFactory Loggers { get; init; } = NullLoggerFactory.Instance;

    /// <summary>The clock.</summary>
    public TimeProvider Time { get; init; } = TimeProvider.System;
}
