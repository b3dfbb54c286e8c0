using Dpf.Ovn.Addressing;
using Dpf.Ovn.ClusterManager;
using Dpf.Runtime.Addressing;
using k8s.Models;

namespace Dpf.Ovn.Zone.Planning;

/// <summary>Reads services and their endpoints.</summary>
internal static class ServiceFacts
{
    public const string ServiceNameLabel = "kubernetes.io/service-name";

    /// <summary>The services that have a cluster address, with their addresses of the families that pods have.</summary>
    public static IReadOnlyList<ZoneService> Read(
        IEnumerable<V1Service> services, IEnumerable<V1EndpointSlice> slices, ClusterNetwork network)
    {
        var byService = slices
            .Where(s => network.Families.Any(f => f.Family.Kubernetes == s.AddressType) && s.Metadata.Labels?.ContainsKey(ServiceNameLabel) == true)
            .ToLookup(s => (s.Metadata.NamespaceProperty, s.Metadata.Labels[ServiceNameLabel]));
        return
        [
            .. services
                .OrderBy(s => s.Metadata.NamespaceProperty, StringComparer.Ordinal)
                .ThenBy(s => s.Metadata.Name, StringComparer.Ordinal)
                .Select(s => Read(s, [.. byService[(s.Metadata.NamespaceProperty, s.Metadata.Name)]], network))
                .OfType<ZoneService>(),
        ];
    }

    private static ZoneService? Read(V1Service service, IReadOnlyList<V1EndpointSlice> slices, ClusterNetwork network)
    {
        var cluster = Addresses([service.Spec.ClusterIP, .. service.Spec.ClusterIPs ?? []], network);
        if (cluster.Count == 0 || service.Spec.Type == "ExternalName")
        {
            return null;
        }

        var ingress = service.Status?.LoadBalancer?.Ingress?.Select(i => i.Ip) ?? [];
        return new ZoneService(service.Metadata.NamespaceProperty, service.Metadata.Name)
        {
            ClusterIps = cluster,
            ExternalIps = Addresses([.. service.Spec.ExternalIPs ?? [], .. ingress], network),
            Ports = [.. (service.Spec.Ports ?? []).Select(p => new ZoneServicePort(
                (p.Protocol ?? "TCP").ToLowerInvariant(), p.Port, p.NodePort ?? 0, Candidates(service, p, slices, network)))],
            AffinitySeconds = service.Spec.SessionAffinity == "ClientIP"
                ? service.Spec.SessionAffinityConfig?.ClientIP?.TimeoutSeconds ?? 10800
                : null,
            InternalLocal = service.Spec.InternalTrafficPolicy == "Local",
            ExternalLocal = service.Spec.ExternalTrafficPolicy == "Local",
            HealthCheckPort = service.Spec is { ExternalTrafficPolicy: "Local", HealthCheckNodePort: > 0 and { } port } ? port : null,
        };
    }

    /// <summary>The ready endpoints, and those that still serve while they end.</summary>
    private static List<ZoneEndpoint> Candidates(
        V1Service service, V1ServicePort port, IReadOnlyList<V1EndpointSlice> slices, ClusterNetwork network)
    {
        // A host that has a high-speed endpoint is not reached at its out-of-band one too.
        var fast = slices.Where(HighSpeedEndpoints.IsOurs)
            .SelectMany(s => (s.Endpoints ?? []).Select(e => (s.AddressType, e.TargetRef?.Uid))).ToHashSet();
        return
        [
            .. slices.SelectMany(s => (s.Ports ?? [])
                .Where(p => (p.Name ?? "") == (port.Name ?? "") && (p.Protocol ?? "TCP") == (port.Protocol ?? "TCP") && p.Port is not null)
                .SelectMany(p => (s.Endpoints ?? [])
                    .Where(e => HighSpeedEndpoints.IsOurs(s) || e.TargetRef?.Uid is not { } uid || !fast.Contains((s.AddressType, uid)))
                    .Where(e => IsReady(e) || e.Conditions is { Serving: true, Terminating: true })
                    .SelectMany(e => Addresses(e.Addresses ?? [], network).Select(a => new ZoneEndpoint(a, p.Port!.Value, e.NodeName, IsReady(e))))))
                .Distinct(),
        ];

        bool IsReady(V1Endpoint endpoint) => service.Spec.PublishNotReadyAddresses == true || endpoint.Conditions?.Ready != false;
    }

    private static List<IpAddress> Addresses(IEnumerable<string?> texts, ClusterNetwork network) =>
        [.. IpAddress.ParseAll(texts).Where(network.Knows).Distinct()];
}
