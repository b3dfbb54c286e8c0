using System.Net;
using System.Net.Sockets;
using System.Text.Json.Nodes;
using Dpf.Runtime.Clusters;
using Dpf.Runtime.Informers;
using Dpf.Runtime.Reconciling;
using k8s.Models;
using Microsoft.Extensions.Logging;

namespace Dpf.Lab.ControlPlane.Networking;

/// <summary>Gives services of type LoadBalancer an address of a pool of each of their families, as a cloud or MetalLB does.</summary>
internal sealed class LoadBalancerController(Cache cache, IReadOnlyList<IPNetwork> pools, ILoggerFactory loggers, TimeProvider time)
{
    private readonly Informer<V1Service> _services = cache.Informer<V1Service>();

    // One worker: two services must not take one address.
    public Task RunAsync(CancellationToken cancellation) =>
        Controller.For<V1Service>(cache, "load-balancer").Workers(1).Build(ReconcileAsync, loggers, time).RunAsync(cancellation);

    /// <summary>The addresses that a service should have, in the order of its families; of a family without a pool, or with nothing left, none.</summary>
    internal static IReadOnlyList<string> Choose(V1Service service, IReadOnlyList<IPNetwork> pools, IReadOnlySet<string> taken)
    {
        if (service.Spec.Type != "LoadBalancer" || service.Metadata.DeletionTimestamp is not null ||
            service.Spec.LoadBalancerClass is { Length: > 0 })
        {
            return [];
        }

        var families = service.Spec.IpFamilies is { Count: > 0 } asked ? asked : ["IPv4"];
        return
        [
            .. families.SelectMany(family => pools.Where(p => Family(p.BaseAddress) == family)).Select(pool => Choose(service, pool, taken)).OfType<string>(),
        ];
    }

    private static string? Choose(V1Service service, IPNetwork pool, IReadOnlySet<string> taken)
    {
        if (Given(service).FirstOrDefault(g => IsIn(pool, g)) is { } given && !taken.Contains(given))
        {
            return given;
        }

        if (service.Spec.LoadBalancerIP is { Length: > 0 } wish && IPAddress.TryParse(wish, out var address) && Family(address) == Family(pool.BaseAddress))
        {
            return pool.Contains(address) && !taken.Contains(wish) ? wish : null;
        }

        return Hosts(pool).FirstOrDefault(host => !taken.Contains(host));
    }

    /// <summary>The addresses of a pool but its first, and its last where that is a broadcast.</summary>
    private static IEnumerable<string> Hosts(IPNetwork pool)
    {
        var bytes = pool.BaseAddress.GetAddressBytes();
        var count = Math.Min(1L << Math.Min((bytes.Length * 8) - pool.PrefixLength, 16), 1 << 16) - (bytes.Length == 4 ? 1 : 0);
        for (var offset = 1L; offset < count; offset++)
        {
            // The pools begin at their range's first address: no carry.
            var host = (byte[])bytes.Clone();
            (host[^2], host[^1]) = ((byte)(host[^2] | (offset >> 8)), (byte)(host[^1] | (offset & 0xff)));
            yield return new IPAddress(host).ToString();
        }
    }

    private static bool IsIn(IPNetwork pool, string text) => IPAddress.TryParse(text, out var address) && pool.Contains(address);

    private static string Family(IPAddress address) => address.AddressFamily == AddressFamily.InterNetworkV6 ? "IPv6" : "IPv4";

    private static List<string> Given(V1Service service) =>
        [.. (service.Status?.LoadBalancer?.Ingress ?? []).Select(i => i.Ip).Where(ip => ip is { Length: > 0 })];

    private async Task<Result> ReconcileAsync(NamespacedName key, CancellationToken cancellation)
    {
        if (_services.Get(key.Namespace, key.Name) is not { } service)
        {
            return Result.Done;
        }

        var taken = _services.All.Where(s => s.Metadata.Uid != service.Metadata.Uid).SelectMany(Given).ToHashSet(StringComparer.Ordinal);
        var wanted = Choose(service, pools, taken);
        if (wanted.SequenceEqual(Given(service), StringComparer.Ordinal))
        {
            return Result.Done;
        }

        var ingress = wanted.Count == 0 ? null : new JsonArray([.. wanted.Select(ip => new JsonObject { ["ip"] = ip })]);
        await cache.Client.PatchStatusAsync<V1Service>(
            key.Namespace, key.Name,
            new JsonObject { ["status"] = new JsonObject { ["loadBalancer"] = new JsonObject { ["ingress"] = ingress } } }, cancellation);
        return Result.Done;
    }
}
