using Dpf.Runtime.Hosting;
using Microsoft.Extensions.Logging;

namespace Dpf.Lab.Topologies;

/// <summary>What a lab is made of.</summary>
public sealed record LabOptions
{
    /// <summary>The folder of all that the lab keeps on disk.</summary>
    public required string StateRoot { get; init; }

    /// <summary>How many workers there are, each with a BlueField.</summary>
    public int Workers { get; init; } = 2;

    /// <summary>The folders of the charts that the lab's repository serves.</summary>
    public required IReadOnlyList<string> ChartsPaths { get; init; }

    /// <summary>The components that the nodes' kubelets host, by name; made for this lab, as some need its hardware.</summary>
    public required Func<GuideLab, IReadOnlyDictionary<string, IComponent>> Components { get; init; }

    /// <summary>The components that run as containers of processes of their own; null when none do.</summary>
    public Kubelet.IsolatedComponents? Isolated { get; init; }

    /// <summary>The command line of a process that is the management cluster's API server.</summary>
    public required Func<ApiServerFacts, IReadOnlyList<string>> ApiServerCommand { get; init; }

    /// <summary>The range of service addresses; one of each family, separated by a comma, where the cluster has both.</summary>
    public string ServiceCidr { get; init; } = "10.233.0.0/18";

    /// <summary>Whether the lab's networks carry IPv6 too.</summary>
    public bool IsDual { get; init; }

    /// <summary>The address of the service of the cluster's name server.</summary>
    public string ClusterDns { get; init; } = "10.233.0.3";

    /// <summary>Where the lab logs.</summary>
    public required ILoggerFactory Loggers { get; init; }

    /// <summary>The clock.</summary>
    public TimeProvider Time { get; init; } = TimeProvider.System;
}

/// <summary>What the process of the API server is told.</summary>
/// <param name="DataPath">Its folder.</param>
/// <param name="Kubeconfig">Where it writes the administrator's kubeconfig when it serves.</param>
/// <param name="Host">The address it serves at.</param>
/// <param name="Port">The port.</param>
/// <param name="ServiceCidr">The range of service addresses.</param>
public sealed record ApiServerFacts(string DataPath, string Kubeconfig, string Host, int Port, string ServiceCidr);
