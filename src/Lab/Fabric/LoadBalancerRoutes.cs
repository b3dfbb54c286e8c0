using System.Globalization;
using Dpf.Lab.Machines;
using Dpf.Runtime.Informers;
using Dpf.Runtime.Machines;
using k8s.Models;
using Microsoft.Extensions.Logging;

namespace Dpf.Lab.Fabric;

/// <summary>
/// Keeps the router's routes to load balancers' addresses, as BGP between nodes and router would: to every worker, or to those with
/// an endpoint where a service wants its external clients to meet local ones only.
/// </summary>
internal sealed class LoadBalancerRoutes(Cache cache, Machine router, ILogger logger, TimeProvider time)
{
    private const string Leases = "/var/lib/misc/hs.leases";
    private const int MostWorkers = 16;
    private static readonly TimeSpan Interval = TimeSpan.FromMilliseconds(500);
    private readonly Informer<V1Service> _services = cache.Informer<V1Service>();
    private readonly Informer<V1EndpointSlice> _slices = cache.Informer<V1EndpointSlice>();
    private readonly Dictionary<string, string> _installed = new(StringComparer.Ordinal);

    public async Task RunAsync(CancellationToken cancellation)
    {
        await cache.WaitForSyncAsync(cancellation);
        while (true)
        {
            try
            {
                await ApplyAsync(cancellation);
            }
            catch (Exception e) when (e is MachineCommandException or IOException)
            {
                logger.LogWarning("routes to load balancers: {Message}", e.Message);
            }

            await Task.Delay(Interval, time, cancellation);
        }
    }

    private async Task ApplyAsync(CancellationToken cancellation)
    {
        var workers = Workers();
        var wanted = new Dictionary<string, string>(StringComparer.Ordinal);
        foreach (var service in _services.All.Where(s => s.Spec.Type == "LoadBalancer"))
        {
            var local = service.Spec.ExternalTrafficPolicy == "Local" ? Nodes(service) : null;
            var near = workers.Where(w => local is null || local.Contains(w.Name)).ToList();
            foreach (var address in (service.Status?.LoadBalancer?.Ingress ?? []).Select(i => i.Ip).Where(i => i is { Length: > 0 } && near.Count > 0))
            {
                wanted[address] = string.Concat(near.Select(w => IsSix(address) ? w.Six : w.Four).Order(StringComparer.Ordinal).Select(h => $" nexthop via {h}"));
            }
        }

        foreach (var gone in _installed.Keys.Where(k => !wanted.ContainsKey(k)).ToList())
        {
            await router.RunAsync(new MachineCommand([.. Route(gone, "del")]), cancellation);
            _installed.Remove(gone);
        }

        foreach (var (address, hops) in wanted.Where(w => _installed.GetValueOrDefault(w.Key) != w.Value))
        {
            await router.ExecuteAsync(cancellation, [.. Route(address, "replace"), .. hops.Split(' ', StringSplitOptions.RemoveEmptyEntries)]);
            _installed[address] = hops;
        }
    }

    private static bool IsSix(string address) => address.Contains(':', StringComparison.Ordinal);

    private static string[] Route(string address, string change) =>
        IsSix(address) ? ["ip", "-6", "route", change, address + "/128"] : ["ip", "route", change, address + "/32"];

    private HashSet<string> Nodes(V1Service service) =>
    [
        .. _slices.All.Where(s => s.Metadata.NamespaceProperty == service.Metadata.NamespaceProperty &&
                s.Metadata.Labels?.TryGetValue("kubernetes.io/service-name", out var name) == true && name == service.Metadata.Name)
            .SelectMany(s => s.Endpoints ?? []).Where(e => e.Conditions?.Ready != false).Select(e => e.NodeName).OfType<string>(),
    ];

    /// <summary>The workers that have an address on the high-speed network, by the leases of their PFs.</summary>
    private List<(string Name, string Four, string Six)> Workers()
    {
        var file = router.Path(Leases);
        var leases = File.Exists(file)
            ? File.ReadAllLines(file).Select(l => l.Split(' ')).Where(w => w.Length > 2).ToLookup(w => w[1], w => w[2], StringComparer.OrdinalIgnoreCase)
            : Enumerable.Empty<string[]>().ToLookup(w => w[0], w => w[0], StringComparer.OrdinalIgnoreCase);
        return
        [
            .. Enumerable.Range(1, MostWorkers).Where(n => leases[Macs.Pf(n)].Any())
                .Select(n => (string.Create(CultureInfo.InvariantCulture, $"worker{n}"), leases[Macs.Pf(n)].Last(), LabAddresses.WorkerSix(n))),
        ];
    }
}
