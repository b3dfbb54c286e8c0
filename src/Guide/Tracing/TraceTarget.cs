using System.Net;
using Dpf.Runtime.Clusters;
using k8s.Models;

namespace Dpf.Guide.Tracing;

/// <summary>Where a packet is to go.</summary>
/// <param name="Text">For people.</param>
/// <param name="Address">The address.</param>
/// <param name="Port">The port; null where the protocol has none.</param>
/// <param name="Pod">The pod of that address; null for anything else.</param>
public sealed record TraceTarget(string Text, string Address, int? Port, V1Pod? Pod)
{
    private const int Usual = 80;

    /// <summary>Finds a pod by <c>name</c> or <c>namespace/name</c>.</summary>
    /// <exception cref="TraceException">There is none, or it has no network of its own.</exception>
    public static async Task<V1Pod> PodAsync(KubeClient client, string text, string ns, CancellationToken cancellation)
    {
        var (space, name) = Split(text, ns);
        var pod = await client.GetAsync<V1Pod>(space, name, cancellation) ?? throw new TraceException($"there is no pod {space}/{name}");
        return pod.Spec.HostNetwork == true
            ? throw new TraceException($"pod {space}/{name} is in its node's own network; a trace starts at a pod of the pod network")
            : pod.Status?.PodIP is { Length: > 0 } && pod.Spec.NodeName is { Length: > 0 }
            ? pod
            : throw new TraceException($"pod {space}/{name} has no address yet: kubectl -n {space} describe pod {name}");
    }

    /// <summary>Reads an address, a service (<c>service/name</c>, <c>svc/name</c>) or a pod; a bare name may be either.</summary>
    /// <param name="client">The cluster.</param>
    /// <param name="text">What the user said.</param>
    /// <param name="ns">The namespace of what names none.</param>
    /// <param name="port">The port; null for the service's or the pod's own.</param>
    /// <param name="protocol">The protocol; <c>icmp</c> has no ports.</param>
    /// <param name="cancellation">Cancels.</param>
    /// <exception cref="TraceException">There is nothing of that name.</exception>
    public static async Task<TraceTarget> ReadAsync(
        KubeClient client, string text, string ns, int? port, string protocol, CancellationToken cancellation)
    {
        int? Wanted(int? own) => protocol == "icmp" ? null : port ?? own ?? Usual;
        if (IPAddress.TryParse(text, out var address))
        {
            var known = (await client.ListAsync<V1Pod>(null, cancellation, fieldSelector: $"status.podIP={address}"))
                .FirstOrDefault(pod => pod.Status?.PodIP == address.ToString() && pod.Spec.HostNetwork != true);
            return new TraceTarget(text, address.ToString(), Wanted(null), known);
        }

        var isService = text.StartsWith("svc/", StringComparison.Ordinal) || text.StartsWith("service/", StringComparison.Ordinal);
        var (space, name) = Split(isService ? text[(text.IndexOf('/', StringComparison.Ordinal) + 1)..] : text, ns);
        if (!isService && await client.GetAsync<V1Pod>(space, name, cancellation) is { Status.PodIP.Length: > 0 } pod)
        {
            return new TraceTarget($"pod {space}/{name}", pod.Status.PodIP, Wanted(pod.Spec.Containers[0].Ports?.FirstOrDefault()?.ContainerPort), pod.Spec.HostNetwork == true ? null : pod);
        }

        var service = await client.GetAsync<V1Service>(space, name, cancellation)
            ?? throw new TraceException($"there is no {(isService ? "" : "pod or ")}service {space}/{name}");
        return service.Spec.ClusterIP is { Length: > 0 } and not "None"
            ? new TraceTarget($"service {space}/{name}", service.Spec.ClusterIP, Wanted(service.Spec.Ports?.FirstOrDefault()?.Port), null)
            : throw new TraceException($"service {space}/{name} has no address of its own; name one of its pods");
    }

    private static (string Namespace, string Name) Split(string text, string ns) =>
        text.Split('/', 2) is [var space, var name] ? (space, name) : (ns, text);
}
