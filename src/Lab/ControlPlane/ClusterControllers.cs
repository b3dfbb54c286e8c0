using Dpf.Lab.ControlPlane.Networking;
using Dpf.Lab.ControlPlane.Nodes;
using Dpf.Lab.ControlPlane.Scheduling;
using Dpf.Lab.ControlPlane.Storage;
using Dpf.Lab.ControlPlane.Workloads;
using Dpf.Runtime.Clusters;
using Dpf.Runtime.Hosting;
using Dpf.Runtime.Informers;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;

namespace Dpf.Lab.ControlPlane;

/// <summary>How the built-in controllers of a cluster run.</summary>
public sealed record ControlPlaneOptions
{
    /// <summary>Signs a certificate signing request (PEM) with the cluster's authority and returns the chain; null signs nothing.</summary>
    public Func<string, string>? Sign { get; init; }

    /// <summary>The range that nodes get a /24 pod network from; null leaves <c>spec.podCIDR</c> alone.</summary>
    public string? PodCidr { get; init; }

    /// <summary>The ranges (CIDR) that load balancers get their addresses from, one a family; none gives them none.</summary>
    public IReadOnlyList<string> LoadBalancerCidrs { get; init; } = [];

    /// <summary>How long a node's lease may be stale before the node counts as unreachable.</summary>
    public TimeSpan NodeGracePeriod { get; init; } = TimeSpan.FromSeconds(40);

    /// <summary>Where the controllers log.</summary>
    public ILoggerFactory Loggers { get; init; } = NullLoggerFactory.Instance;

    /// <summary>The clock.</summary>
    public TimeProvider Time { get; init; } = TimeProvider.System;
}

/// <summary>
/// What a control plane runs beside its API server: the scheduler and the controllers of workloads, endpoints, nodes,
/// certificates and volumes. Everything reacts to watches; nothing polls on the way to a running pod.
/// </summary>
public static class ClusterControllers
{
    /// <summary>Runs until cancelled.</summary>
    /// <param name="admin">A client that may do everything.</param>
    /// <param name="options">How.</param>
    /// <param name="cancellation">Ends it.</param>
    public static async Task RunAsync(KubeClient admin, ControlPlaneOptions options, CancellationToken cancellation)
    {
        await using var cache = new Cache(admin, options.Time, options.Loggers);
        var (loggers, time) = (options.Loggers, options.Time);

        // A control plane without one of its parts would only look alive.
        await Together.RunAsync(Start, cancellation);

        IEnumerable<Task> Start(CancellationToken stop)
        {
            yield return new PodScheduler(cache, loggers, time).RunAsync(stop);
            yield return new ReplicaSetController(cache, loggers, time).RunAsync(stop);
            yield return new DeploymentController(cache, loggers, time).RunAsync(stop);
            yield return new DaemonSetController(cache, loggers, time).RunAsync(stop);
            yield return new StatefulSetController(cache, loggers, time).RunAsync(stop);
            yield return new JobController(cache, loggers, time).RunAsync(stop);
            yield return new CronJobController(cache, loggers, time).RunAsync(stop);
            yield return new DisruptionController(cache, loggers, time).RunAsync(stop);
            yield return new EndpointsController(cache, loggers, time).RunAsync(stop);
            yield return new NodeLifecycle(cache, options).RunAsync(stop);
            yield return new PodCleanup(cache, loggers, time).RunAsync(stop);
            yield return new VolumeBinder(cache, loggers, time).RunAsync(stop);
            yield return new ClaimProtection(cache, loggers, time).RunAsync(stop);
            if (options.LoadBalancerCidrs is { Count: > 0 } pools)
            {
                yield return new LoadBalancerController(cache, [.. pools.Select(System.Net.IPNetwork.Parse)], loggers, time).RunAsync(stop);
            }

            if (options.Sign is { } sign)
            {
                yield return new CertificateController(cache, sign, loggers, time).RunAsync(stop);
            }
        }
    }
}
