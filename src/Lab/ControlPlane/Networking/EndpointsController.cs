using Dpf.Runtime.Clusters;
using Dpf.Runtime.Informers;
using Dpf.Runtime.Reconciling;
using k8s;
using k8s.Models;
using Microsoft.Extensions.Logging;

namespace Dpf.Lab.ControlPlane.Networking;

/// <summary>Writes the Endpoints and EndpointSlices of services with a selector.</summary>
internal sealed class EndpointsController(Cache cache, ILoggerFactory loggers, TimeProvider time)
{
    private const string ManagedBy = "endpointslice.kubernetes.io/managed-by";
    private const string Manager = "endpointslice-controller.k8s.io";
    private const string ServiceName = "kubernetes.io/service-name";

    public Task RunAsync(CancellationToken cancellation) =>
        Controller.For<V1Service>(cache, "endpoints").Watches<V1Pod>(ServicesOf)
            .Watches<V1EndpointSlice>(s => s.Metadata.Labels?.TryGetValue(ServiceName, out var name) == true
                ? [new NamespacedName(s.Metadata.NamespaceProperty, name)]
                : [])
            .Build(ReconcileAsync, loggers, time).RunAsync(cancellation);

    private IEnumerable<NamespacedName> ServicesOf(V1Pod pod) => cache.Informer<V1Service>().All
        .Where(s => s.Metadata.NamespaceProperty == pod.Metadata.NamespaceProperty && ServiceBackends.Selects(s, pod))
        .Select(s => new NamespacedName(s.Metadata.NamespaceProperty, s.Metadata.Name));

    private async Task<Result> ReconcileAsync(NamespacedName key, CancellationToken cancellation)
    {
        if (cache.Informer<V1Service>().Get(key.Namespace, key.Name) is not { } service)
        {
            await cache.Client.DeleteAsync<V1Endpoints>(key.Namespace, key.Name, cancellation);
            return Result.Done;
        }

        if (service.IsDeleting() || !(service.Spec.Selector?.Count > 0) || service.Spec.Type == "ExternalName")
        {
            return Result.Done;
        }

        var pods = cache.Informer<V1Pod>().All.Where(p => p.Metadata.NamespaceProperty == key.Namespace && ServiceBackends.Selects(service, p)).ToList();
        var wanted = ServiceBackends.Slices(service, pods);
        var present = cache.Informer<V1EndpointSlice>().All.Where(s => s.Metadata.NamespaceProperty == key.Namespace &&
            s.Metadata.Labels?.TryGetValue(ServiceName, out var n) == true && n == key.Name &&
            s.Metadata.Labels.TryGetValue(ManagedBy, out var m) && m == Manager).ToDictionary(s => s.Metadata.Name, StringComparer.Ordinal);
        foreach (var slice in wanted)
        {
            slice.Metadata.Labels[ManagedBy] = Manager;
            slice.Metadata.Labels[ServiceName] = key.Name;
            if (!present.Remove(slice.Metadata.Name, out var before) || !Same(before, slice))
            {
                await cache.Client.ApplyAsync(slice, "endpointslice-controller", cancellation);
            }
        }

        foreach (var stale in present.Keys)
        {
            await cache.Client.DeleteAsync<V1EndpointSlice>(key.Namespace, stale, cancellation);
        }

        var endpoints = ServiceBackends.Endpoints(service, wanted);
        if (cache.Informer<V1Endpoints>().Get(key.Namespace, key.Name) is not { } old ||
            KubernetesJson.Serialize(old.Subsets ?? []) != KubernetesJson.Serialize(endpoints.Subsets ?? []))
        {
            await cache.Client.ApplyAsync(endpoints, "endpoints-controller", cancellation);
        }

        return Result.Done;
    }

    private static bool Same(V1EndpointSlice a, V1EndpointSlice b) =>
        KubernetesJson.Serialize(a.Endpoints ?? []) == KubernetesJson.Serialize(b.Endpoints ?? []) &&
        KubernetesJson.Serialize(a.Ports ?? []) == KubernetesJson.Serialize(b.Ports ?? []);
}
