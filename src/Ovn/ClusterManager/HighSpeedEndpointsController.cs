using Dpf.Ovn.Annotations;
using Dpf.Ovn.Zone.Planning;
using Dpf.Runtime.Clusters;
using Dpf.Runtime.Informers;
using Dpf.Runtime.Reconciling;
using k8s;
using k8s.Models;
using Microsoft.Extensions.Logging;

namespace Dpf.Ovn.ClusterManager;

/// <summary>Keeps the slices of <see cref="HighSpeedEndpoints"/>.</summary>
internal sealed class HighSpeedEndpointsController(Cache cache, bool isDefault, ILoggerFactory loggers, TimeProvider time)
{
    private const string FieldManager = "ovn-high-speed-endpoints";
    private readonly Informer<V1Service> _services = cache.Informer<V1Service>();
    private readonly Informer<V1EndpointSlice> _slices = cache.Informer<V1EndpointSlice>();
    private readonly Informer<V1Node> _nodes = cache.Informer<V1Node>();

    public Task RunAsync(CancellationToken cancellation) => Controller.For<V1Service>(cache, "high-speed-endpoints")
        .Watches<V1EndpointSlice>(s => s.Metadata.Labels?.TryGetValue(ServiceFacts.ServiceNameLabel, out var service) == true
            ? [new NamespacedName(s.Metadata.NamespaceProperty, service)]
            : [])
        .WatchesForAll<V1Node>(Gateway)
        .Build(ReconcileAsync, loggers, time)
        .RunAsync(cancellation);

    private static string? Gateway(V1Node? node) => NodeAnnotations.Plain(node?.Metadata.Annotations, NodeAnnotations.Gateway);

    private async Task<Result> ReconcileAsync(NamespacedName key, CancellationToken cancellation)
    {
        // The slices of a service that is gone go with it: it owns them.
        if (_services.Get(key.Namespace, key.Name) is not { } service || service.Metadata.DeletionTimestamp is not null)
        {
            return Result.Done;
        }

        var slices = _slices.All.Where(s => s.Metadata.NamespaceProperty == key.Namespace &&
            s.Metadata.Labels?.TryGetValue(ServiceFacts.ServiceNameLabel, out var of) == true && of == key.Name).ToList();
        var nodes = _nodes.All.ToDictionary(n => n.Metadata.Name, StringComparer.Ordinal);
        var present = slices.Where(HighSpeedEndpoints.IsOurs).ToDictionary(s => s.Metadata.Name, StringComparer.Ordinal);
        foreach (var wanted in HighSpeedEndpoints.Of(service, slices, nodes, isDefault))
        {
            if (!present.Remove(wanted.Metadata.Name, out var before) || !Same(before, wanted))
            {
                await cache.Client.ApplyAsync(wanted, FieldManager, cancellation);
            }
        }

        foreach (var stale in present.Keys)
        {
            await cache.Client.DeleteAsync<V1EndpointSlice>(key.Namespace, stale, cancellation);
        }

        return Result.Done;
    }

    private static bool Same(V1EndpointSlice a, V1EndpointSlice b) =>
        KubernetesJson.Serialize(a.Endpoints ?? []) == KubernetesJson.Serialize(b.Endpoints ?? []) &&
        KubernetesJson.Serialize(a.Ports ?? []) == KubernetesJson.Serialize(b.Ports ?? []);
}
