using System.Text.Json.Nodes;
using Dpf.Api.ThirdParty.AdminPolicies;
using Dpf.Api.ThirdParty.OvnKubernetes;
using Dpf.Ovn.Annotations;
using Dpf.Runtime.Clusters;
using Dpf.Runtime.Informers;
using Dpf.Runtime.Reconciling;
using k8s;
using k8s.Models;
using Microsoft.Extensions.Logging;

namespace Dpf.Ovn.ClusterManager;

/// <summary>Sums up what zones say of policies, and takes away the words of zones that are gone.</summary>
internal sealed class ZoneReportsController(Cache cache, ILoggerFactory loggers, TimeProvider time)
{
    private readonly Informer<V1Node> _nodes = cache.Informer<V1Node>();

    /// <summary>Runs until cancelled, one task for each kind of policy.</summary>
    public IEnumerable<Task> Run(CancellationToken cancellation) =>
    [
        RunAsync<EgressFirewall>("egress-firewall-reports", (f, zones) => ZoneReports.Correct(f.Status, zones), cancellation),
        RunAsync<AdminNetworkPolicy>("admin-policy-reports", (p, zones) => ZoneReports.Correct(p.Status, zones), cancellation),
        RunAsync<BaselineAdminNetworkPolicy>("baseline-policy-reports", (p, zones) => ZoneReports.Correct(p.Status, zones), cancellation),
    ];

    private Task RunAsync<T>(string name, Func<T, IReadOnlySet<string>, JsonObject?> correct, CancellationToken cancellation)
        where T : class, IKubernetesObject<V1ObjectMeta>
    {
        var policies = cache.Informer<T>();
        return Controller.For<T>(cache, name)
            .Workers(1)
            .WatchesForAll<V1Node>(ZoneOf)
            .Build(ReconcileAsync, loggers, time)
            .RunAsync(cancellation);

        async Task<Result> ReconcileAsync(NamespacedName key, CancellationToken stop)
        {
            var zones = _nodes.All.Select(ZoneOf).OfType<string>().ToHashSet(StringComparer.Ordinal);
            if (policies.Get(key.Namespace, key.Name) is { } policy && correct(policy, zones) is { } status)
            {
                // A zone may speak at the same time; what was read before that is not written over it.
                await cache.Client.PatchStatusAsync<T>(
                    key.Namespace, key.Name,
                    new JsonObject
                    {
                        ["metadata"] = new JsonObject { ["resourceVersion"] = policy.Metadata.ResourceVersion },
                        ["status"] = status,
                    },
                    stop);
            }

            return Result.Done;
        }
    }

    private static string? ZoneOf(V1Node? node) => NodeAnnotations.Plain(node?.Metadata.Annotations, NodeAnnotations.Zone);
}
