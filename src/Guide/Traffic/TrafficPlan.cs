using k8s.Models;

namespace Dpf.Guide.Traffic;

/// <summary>Which questions the matrix asks, from the test pods that are there.</summary>
public static class TrafficPlan
{
    private const string Server = "traffic-server";
    private const string Client = "traffic-client";
    private const string ControlPlane = "traffic-control-plane";

    /// <summary>
    /// All questions: on each worker, between each two workers, with the control-plane node both ways, the service, and
    /// <paramref name="outside"/>; and all of them over IPv6 too where pods have addresses of it.
    /// </summary>
    public static IReadOnlyList<TrafficProbe> For(IReadOnlyList<V1Pod> pods, V1Service? service, IReadOnlyList<string> outside)
    {
        var ready = Ready(pods);
        var servers = Of(ready, Server);
        var clients = Of(ready, Client);
        var controlPlane = Of(ready, ControlPlane);
        var probes = new List<TrafficProbe>();
        foreach (var from in clients)
        {
            probes.AddRange(servers.Where(to => to.Spec.NodeName == from.Spec.NodeName)
                .SelectMany(to => Pings(TrafficKind.PodToPodSameWorker, from, to)));
        }

        foreach (var from in clients)
        {
            probes.AddRange(servers.Where(to => to.Spec.NodeName != from.Spec.NodeName)
                .SelectMany(to => Pings(TrafficKind.PodToPodAcrossWorkers, from, to)));
        }

        foreach (var pod in controlPlane)
        {
            probes.AddRange(servers.SelectMany(to => Pings(TrafficKind.ControlPlaneToWorker, pod, to)));
            probes.AddRange(clients.SelectMany(from => Pings(TrafficKind.WorkerToControlPlane, from, pod)));
        }

        var backends = servers.Select(p => p.Metadata.Name).Order(StringComparer.Ordinal).ToList();
        foreach (var address in Distinct(service?.Spec.ClusterIP, service?.Spec.ClusterIPs).Where(a => a != "None"))
        {
            probes.AddRange(clients.Concat(controlPlane).Where(from => Speaks(from, address)).Select(from => new TrafficProbe(
                TrafficKind.PodToClusterIp, Name(from), $"service {service!.Metadata.Name}{Over(address)}", address, service.Spec.Ports[0].Port,
                backends)));
        }

        foreach (var address in outside)
        {
            probes.AddRange(clients.Concat(controlPlane).Where(from => Speaks(from, address)).Select(from => new TrafficProbe(
                TrafficKind.PodToOutside, Name(from), address, address)));
        }

        return probes;
    }

    /// <summary>
    /// What cannot even be asked, as broken cells: a worker (<paramref name="workers"/> are the names) without its test pods, and no
    /// test pod on a control-plane node.
    /// </summary>
    public static IReadOnlyList<TrafficCell> Lacking(IReadOnlyList<V1Pod> pods, IEnumerable<string> workers)
    {
        var ready = Ready(pods);
        var lacking = (
            from worker in workers.Order(StringComparer.Ordinal)
            from app in (string[])[Client, Server]
            where !Of(ready, app).Any(p => p.Spec.NodeName == worker)
            select Lack(TrafficKind.PodToPodSameWorker, app, worker)).ToList();
        if (Of(ready, ControlPlane).Count == 0)
        {
            lacking.Add(Lack(TrafficKind.ControlPlaneToWorker, ControlPlane, "no node"));
        }

        return lacking;
    }

    private static TrafficCell Lack(TrafficKind kind, string app, string node) =>
        new($"{app} ({node})", "", kind, false, $"no ready pod of {app}; kubectl get pods -l app={app} -o wide tells more");

    private static List<V1Pod> Ready(IReadOnlyList<V1Pod> pods) =>
        [.. pods.Where(p => p.Status?.PodIP is { Length: > 0 } && p.Metadata.DeletionTimestamp is null)];

    private static List<V1Pod> Of(IEnumerable<V1Pod> pods, string app) =>
        [.. pods.Where(p => p.Metadata.Labels?.TryGetValue("app", out var value) == true && value == app)
            .OrderBy(p => p.Spec.NodeName, StringComparer.Ordinal)];

    private static IEnumerable<TrafficProbe> Pings(TrafficKind kind, V1Pod from, V1Pod to) =>
        Distinct(to.Status.PodIP, to.Status.PodIPs?.Select(p => p.Ip)).Where(address => Speaks(from, address))
            .Select(address => new TrafficProbe(kind, Name(from), Name(to) + Over(address), address));

    /// <summary>Whether a pod has an address of an address's family.</summary>
    private static bool Speaks(V1Pod pod, string address) =>
        Distinct(pod.Status.PodIP, pod.Status.PodIPs?.Select(p => p.Ip)).Any(own => AddressText.IsSix(own) == AddressText.IsSix(address));

    private static string Over(string address) => AddressText.IsSix(address) ? " over IPv6" : "";

    private static IEnumerable<string> Distinct(string? first, IEnumerable<string>? all) =>
        (all ?? []).Prepend(first).OfType<string>().Where(a => a.Length > 0).Distinct(StringComparer.Ordinal);

    private static string Name(V1Pod pod) => $"{pod.Metadata.Name} ({pod.Spec.NodeName})";
}
