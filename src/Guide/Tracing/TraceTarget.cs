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

    /// <summary>The address from which a pod goes there: its first of the target's family.</summary>
    /// <exception cref="TraceException">It has none of that family.</exception>
    public string SourceIn(V1Pod pod) => Addresses(pod).FirstOrDefault(own => AddressText.IsSix(own) == AddressText.IsSix(Address))
        ?? throw new TraceException($"pod {pod.Metadata.NamespaceProperty}/{pod.Metadata.Name} has no address of {AddressText.Family(AddressText.IsSix(Address))}, only {string.Join(", ", Addresses(pod))}");

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
    /// <param name="six">Whether a pod or a service is meant by its IPv6 address; else it is by its first.</param>
    /// <param name="cancellation">Cancels.</param>
    /// <exception cref="TraceException">There is nothing of that name, or it has no address of that family.</exception>
    public static async Task<TraceTarget> ReadAsync(
        KubeClient client, string text, string ns, int? port, string protocol, bool six, CancellationToken cancellation)
    {
        int? Wanted(int? own) => protocol == "icmp" ? null : port ?? own ?? Usual;
        if (IPAddress.TryParse(text, out var address))
        {
            if (six && !AddressText.IsSix(text))
            {
                throw new TraceException($"{text} is an IPv4 address; leave --ipv6 out");
            }

            var known = await PodOfAsync(client, address.ToString(), cancellation);
            return new TraceTarget(text, address.ToString(), Wanted(null), known);
        }

        var isService = text.StartsWith("svc/", StringComparison.Ordinal) || text.StartsWith("service/", StringComparison.Ordinal);
        var (space, name) = Split(isService ? text[(text.IndexOf('/', StringComparison.Ordinal) + 1)..] : text, ns);
        if (!isService && await client.GetAsync<V1Pod>(space, name, cancellation) is { Status.PodIP.Length: > 0 } pod)
        {
            return new TraceTarget($"pod {space}/{name}", Chosen(Addresses(pod), six, $"pod {space}/{name}"), Wanted(pod.Spec.Containers[0].Ports?.FirstOrDefault()?.ContainerPort), pod.Spec.HostNetwork == true ? null : pod);
        }

        var service = await client.GetAsync<V1Service>(space, name, cancellation)
            ?? throw new TraceException($"there is no {(isService ? "" : "pod or ")}service {space}/{name}");
        return service.Spec.ClusterIP is { Length: > 0 } and not "None"
            ? new TraceTarget($"service {space}/{name}", Chosen(service.Spec.ClusterIPs ?? [service.Spec.ClusterIP], six, $"service {space}/{name}"), Wanted(service.Spec.Ports?.FirstOrDefault()?.Port), null)
            : throw new TraceException($"service {space}/{name} has no address of its own; name one of its pods");
    }

    /// <summary>The pod of the pod network that has an address; null when none has.</summary>
    public static async Task<V1Pod?> PodOfAsync(KubeClient client, string address, CancellationToken cancellation)
    {
        // The field is a pod's first address; by a second one the server finds nobody.
        var pods = await client.ListAsync<V1Pod>(null, cancellation, fieldSelector: AddressText.IsSix(address) ? null : $"status.podIP={address}");
        return pods.FirstOrDefault(pod => pod.Spec.HostNetwork != true && Addresses(pod).Contains(address));
    }

    private static IReadOnlyList<string> Addresses(V1Pod pod) =>
        pod.Status?.PodIPs?.Select(p => p.Ip).ToList() ?? (pod.Status?.PodIP is { Length: > 0 } only ? [only] : []);

    private static string Chosen(IEnumerable<string> addresses, bool six, string of) =>
        addresses.FirstOrDefault(address => !six || AddressText.IsSix(address)) ?? throw new TraceException($"{of} has no address of {AddressText.Family(six)}");

    private static (string Namespace, string Name) Split(string text, string ns) =>
        text.Split('/', 2) is [var space, var name] ? (space, name) : (ns, text);
}
