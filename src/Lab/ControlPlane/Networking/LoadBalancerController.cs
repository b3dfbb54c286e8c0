using System.Buffers.Binary;
using System.Net;
using System.Text.Json.Nodes;
using Dpf.Runtime.Clusters;
using Dpf.Runtime.Informers;
using Dpf.Runtime.Reconciling;
using k8s.Models;
using Microsoft.Extensions.Logging;

namespace Dpf.Lab.ControlPlane.Networking;

/// <summary>Gives services of type LoadBalancer an address of a pool, as a cloud or MetalLB does.</summary>
internal sealed class LoadBalancerController(Cache cache, IPNetwork pool, ILoggerFactory loggers, TimeProvider time)
{
    private readonly Informer<V1Service> _services = cache.Informer<V1Service>();

    // One worker: two services must not take one address.
    public Task RunAsync(CancellationToken cancellation) =>
        Controller.For<V1Service>(cache, "load-balancer").Workers(1).Build(ReconcileAsync, loggers, time).RunAsync(cancellation);

    /// <summary>The address that a service should have; null when it should have none or none is left.</summary>
    internal static string? Choose(V1Service service, IPNetwork pool, IReadOnlySet<string> taken)
    {
        if (service.Spec.Type != "LoadBalancer" || service.Metadata.DeletionTimestamp is not null ||
            service.Spec.LoadBalancerClass is { Length: > 0 })
        {
            return null;
        }

        if (Given(service) is { } given && !taken.Contains(given))
        {
            return given;
        }

        if (service.Spec.LoadBalancerIP is { Length: > 0 } wish)
        {
            return IPAddress.TryParse(wish, out var address) && pool.Contains(address) && !taken.Contains(wish) ? wish : null;
        }

        Span<byte> bytes = stackalloc byte[4];
        pool.BaseAddress.TryWriteBytes(bytes, out _);
        var first = BinaryPrimitives.ReadUInt32BigEndian(bytes);
        for (var offset = 1u; offset < (1u << (32 - pool.PrefixLength)) - 1; offset++)
        {
            BinaryPrimitives.WriteUInt32BigEndian(bytes, first + offset);
            if (new IPAddress(bytes).ToString() is var text && !taken.Contains(text))
            {
                return text;
            }
        }

        return null;
    }

    private static string? Given(V1Service service) =>
        service.Status?.LoadBalancer?.Ingress?.FirstOrDefault(i => i.Ip is { Length: > 0 })?.Ip;

    private async Task<Result> ReconcileAsync(NamespacedName key, CancellationToken cancellation)
    {
        if (_services.Get(key.Namespace, key.Name) is not { } service)
        {
            return Result.Done;
        }

        var taken = _services.All.Where(s => s.Metadata.Uid != service.Metadata.Uid).Select(Given).OfType<string>().ToHashSet(StringComparer.Ordinal);
        var wanted = Choose(service, pool, taken);
        if (wanted == Given(service))
        {
            return Result.Done;
        }

        var ingress = wanted is null ? null : new JsonArray(new JsonObject { ["ip"] = wanted });
        await cache.Client.PatchStatusAsync<V1Service>(
            key.Namespace, key.Name,
            new JsonObject { ["status"] = new JsonObject { ["loadBalancer"] = new JsonObject { ["ingress"] = ingress } } }, cancellation);
        return Result.Done;
    }
}
