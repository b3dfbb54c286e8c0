using System.Globalization;
using System.Net;
using System.Net.Sockets;
using Dpf.Lab.ControlPlane.Workloads;
using Dpf.Runtime.Conditions;
using k8s;
using k8s.Models;

namespace Dpf.Lab.ControlPlane.Networking;

/// <summary>Which addresses and ports stand behind a service: pure.</summary>
internal static class ServiceBackends
{
    /// <summary>Whether a service's selector matches a pod.</summary>
    public static bool Selects(V1Service service, V1Pod pod) =>
        service.Spec.Selector is { Count: > 0 } selector &&
        selector.All(p => pod.Metadata.Labels?.TryGetValue(p.Key, out var value) == true && value == p.Value);

    /// <summary>
    /// The slices: one for each address family and set of port numbers (a named target port may differ from pod to pod).
    /// </summary>
    public static IReadOnlyList<V1EndpointSlice> Slices(V1Service service, IEnumerable<V1Pod> pods)
    {
        List<(string Family, string Ports, List<Discoveryv1EndpointPort> List, V1Endpoint Endpoint)> all = [];
        foreach (var (pod, address) in pods.Where(p => p.Status?.Phase is not ("Succeeded" or "Failed")).SelectMany(p => Addresses(p).Select(a => (p, a))))
        {
            var family = Family(address);
            if (service.Spec.IpFamilies is { Count: > 0 } families && !families.Contains(family))
            {
                continue;
            }

            var ports = Ports(service, pod);
            var terminating = pod.Metadata.DeletionTimestamp is not null;
            var serving = pod.IsReady() || service.Spec.PublishNotReadyAddresses == true;
            all.Add((family, KubernetesJson.Serialize(ports), ports, new V1Endpoint
            {
                Addresses = [address],
                NodeName = pod.Spec.NodeName,
                Hostname = pod.Spec.Subdomain == service.Metadata.Name ? pod.Spec.Hostname : null,
                Conditions = new V1EndpointConditions
                {
                    Ready = serving && (!terminating || service.Spec.PublishNotReadyAddresses == true),
                    Serving = serving,
                    Terminating = terminating,
                },
                TargetRef = new V1ObjectReference
                {
                    Kind = "Pod",
                    Name = pod.Metadata.Name,
                    NamespaceProperty = pod.Metadata.NamespaceProperty,
                    Uid = pod.Metadata.Uid,
                },
            }));
        }

        return
        [
            .. all.GroupBy(e => (e.Family, e.Ports)).OrderBy(g => g.Key.Ports, StringComparer.Ordinal).Select(group => new V1EndpointSlice
            {
                Metadata = new V1ObjectMeta
                {
                    Name = $"{service.Metadata.Name}-{PodTemplates.Digest($"{service.Metadata.Uid}{group.Key}", 5)}",
                    NamespaceProperty = service.Metadata.NamespaceProperty,
                    Labels = new Dictionary<string, string>(),
                    OwnerReferences = [PodTemplates.ControllerReference(service)],
                },
                AddressType = group.Key.Family,
                Ports = group.First().List,
                Endpoints = [.. group.Select(e => e.Endpoint).OrderBy(e => e.Addresses[0], StringComparer.Ordinal)],
            }),
        ];
    }

    /// <summary>The same in the older form, which knows of one family: the service's first.</summary>
    public static V1Endpoints Endpoints(V1Service service, IEnumerable<V1EndpointSlice> slices) => new()
    {
        Metadata = new V1ObjectMeta { Name = service.Metadata.Name, NamespaceProperty = service.Metadata.NamespaceProperty, Labels = service.Metadata.Labels },
        Subsets =
        [
            .. slices.Where(s => s.AddressType == (service.Spec.IpFamilies?.FirstOrDefault() ?? s.AddressType) && s.Endpoints.Any(e => e.Conditions.Terminating != true)).Select(slice => new V1EndpointSubset
            {
                Addresses = Addresses(slice, true),
                NotReadyAddresses = Addresses(slice, false),
                Ports = slice.Ports.Count == 0
                    ? null
                    : [.. slice.Ports.Select(p => new Corev1EndpointPort { Name = Filled(p.Name), Port = p.Port ?? 0, Protocol = p.Protocol })],
            }),
        ],
    };

    private static IEnumerable<string> Addresses(V1Pod pod) =>
        (pod.Status?.PodIPs ?? []).Select(p => p.Ip).Prepend(pod.Status?.PodIP).OfType<string>().Where(a => a.Length > 0).Distinct(StringComparer.Ordinal);

    private static string Family(string address) =>
        IPAddress.Parse(address).AddressFamily == AddressFamily.InterNetworkV6 ? "IPv6" : "IPv4";

    private static List<V1EndpointAddress>? Addresses(V1EndpointSlice slice, bool ready)
    {
        List<V1EndpointAddress> list =
        [
            .. slice.Endpoints.Where(e => e.Conditions.Terminating != true && e.Conditions.Ready == ready).Select(e => new V1EndpointAddress
            {
                Ip = e.Addresses[0],
                NodeName = e.NodeName,
                Hostname = e.Hostname,
                TargetRef = e.TargetRef,
            }),
        ];
        return list.Count == 0 ? null : list;
    }

    private static string? Filled(string? text) => string.IsNullOrEmpty(text) ? null : text;

    private static List<Discoveryv1EndpointPort> Ports(V1Service service, V1Pod pod) =>
    [
        .. (service.Spec.Ports ?? []).Select(p => (Port: p, Number: Resolve(p, pod))).Where(p => p.Number is not null)
            .Select(p => new Discoveryv1EndpointPort
            {
                Name = p.Port.Name ?? "",
                Port = p.Number,
                Protocol = p.Port.Protocol ?? "TCP",
                AppProtocol = p.Port.AppProtocol,
            }),
    ];

    private static int? Resolve(V1ServicePort port, V1Pod pod)
    {
        var target = (string?)port.TargetPort;
        if (string.IsNullOrEmpty(target))
        {
            return port.Port;
        }

        return int.TryParse(target, NumberStyles.None, CultureInfo.InvariantCulture, out var number)
            ? number == 0 ? port.Port : number
            : pod.Spec.Containers.Concat(pod.Spec.InitContainers ?? []).SelectMany(c => c.Ports ?? [])
                .FirstOrDefault(p => p.Name == target && (p.Protocol ?? "TCP") == (port.Protocol ?? "TCP"))?.ContainerPort;
    }
}
