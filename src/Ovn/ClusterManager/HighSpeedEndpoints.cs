using Dpf.Ovn.Annotations;
using Dpf.Ovn.Zone.Planning;
using Dpf.Runtime.Addressing;
using k8s.Models;

namespace Dpf.Ovn.ClusterManager;

/// <summary>
/// Slices with the hosts' high-speed addresses, beside those of Kubernetes with their out-of-band ones, for services whose pods use
/// the host's network: so the whole way to them is the DPU's. The pods have to listen at that address too, which is why a service, or
/// the cluster, has to ask for it.
/// </summary>
public static class HighSpeedEndpoints
{
    /// <summary>A service's wish: <c>true</c> or <c>false</c>; without it the cluster's default holds.</summary>
    public const string Annotation = "ovn.dpu.nvidia.com/high-speed-host-endpoints";

    /// <summary>Who the slices say they are managed by.</summary>
    public const string Manager = "ovn.dpu.nvidia.com";

    /// <summary>The label that says it.</summary>
    public const string ManagedByLabel = "endpointslice.kubernetes.io/managed-by";

    /// <summary>Whether a slice is one of these.</summary>
    public static bool IsOurs(V1EndpointSlice slice) =>
        slice.Metadata.Labels is { } labels && labels.TryGetValue(ManagedByLabel, out var manager) && manager == Manager;

    /// <summary>The slices that a service should have besides the given ones of others; one for each that has such pods.</summary>
    /// <param name="service">The service.</param>
    /// <param name="slices">All slices of the service.</param>
    /// <param name="nodes">The nodes by their names.</param>
    /// <param name="isDefault">Whether services that do not say anything have them.</param>
    public static IReadOnlyList<V1EndpointSlice> Of(
        V1Service service, IEnumerable<V1EndpointSlice> slices, IReadOnlyDictionary<string, V1Node> nodes, bool isDefault)
    {
        var wish = NodeAnnotations.Plain(service.Metadata.Annotations, Annotation);
        if (wish is null ? !isDefault : wish != "true")
        {
            return [];
        }

        return
        [
            .. slices.Where(s => s.AddressType is "IPv4" or "IPv6" && !IsOurs(s))
                .OrderBy(s => s.Metadata.Name, StringComparer.Ordinal)
                .Select(s => (Slice: s, Endpoints: (s.Endpoints ?? []).Select(e => Moved(e, s.AddressType, nodes)).OfType<V1Endpoint>().ToList()))
                .Where(s => s.Endpoints.Count > 0)
                .Select(s => new V1EndpointSlice
                {
                    Metadata = new V1ObjectMeta
                    {
                        Name = $"{s.Slice.Metadata.Name}-high-speed",
                        NamespaceProperty = service.Metadata.NamespaceProperty,
                        Labels = new Dictionary<string, string>
                        {
                            [ServiceFacts.ServiceNameLabel] = service.Metadata.Name, [ManagedByLabel] = Manager,
                        },
                        OwnerReferences =
                        [
                            new V1OwnerReference
                            {
                                ApiVersion = "v1", Kind = "Service", Name = service.Metadata.Name, Uid = service.Metadata.Uid, Controller = true,
                                BlockOwnerDeletion = true,
                            },
                        ],
                    },
                    AddressType = s.Slice.AddressType,
                    Ports = s.Slice.Ports,
                    Endpoints = s.Endpoints,
                }),
        ];
    }

    /// <summary>A host's endpoint with its node's high-speed address; null for any other.</summary>
    private static V1Endpoint? Moved(V1Endpoint endpoint, string addressType, IReadOnlyDictionary<string, V1Node> nodes)
    {
        if (endpoint.NodeName is not { } name || !nodes.TryGetValue(name, out var node) ||
            GatewayConfig.Read(node.Metadata.Annotations)?.Addresses.Select(a => (IpAddress?)a.Address)
                .FirstOrDefault(a => a!.Value.Family.Kubernetes == addressType) is not { } fast)
        {
            return null;
        }

        var isHosts = (endpoint.Addresses ?? []).Any(a =>
            IpAddress.TryParse(a, out var address) && address != fast &&
            (node.Status?.Addresses ?? []).Any(n => n.Type == "InternalIP" && n.Address == a));
        return isHosts
            ? new V1Endpoint
            {
                Addresses = [fast.ToString()],
                Conditions = endpoint.Conditions,
                Hostname = endpoint.Hostname,
                NodeName = name,
                TargetRef = endpoint.TargetRef,
                Zone = endpoint.Zone,
            }
            : null;
    }
}
