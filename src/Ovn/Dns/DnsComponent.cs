using System.Globalization;
using Dpf.Runtime.Hosting;
using Dpf.Runtime.Informers;
using k8s.Models;
using Microsoft.Extensions.Logging;

namespace Dpf.Ovn.Dns;

/// <summary><c>cluster-dns</c>: the names of services and pods, for the pods; runs on control-plane nodes.</summary>
public sealed class DnsComponent : IComponent
{
    /// <inheritdoc />
    public async Task RunAsync(ComponentContext context, CancellationToken cancellation)
    {
        var domain = context.Option("cluster-domain", "cluster.local")!;
        var port = int.Parse(context.Option("port", "53")!, CultureInfo.InvariantCulture);
        var logger = context.Loggers.CreateLogger("cluster-dns");
        using var client = context.InCluster();
        await using var cache = new Cache(client, context.Time, context.Loggers);
        var (services, slices, pods) = (cache.Informer<V1Service>(), cache.Informer<V1EndpointSlice>(), cache.Informer<V1Pod>());

        // Made anew at the first question after a change.
        var version = 0L;
        Made? last = null;
        services.Changed += _ => Interlocked.Increment(ref version);
        slices.Changed += _ => Interlocked.Increment(ref version);
        pods.Changed += change =>
        {
            if (!Addresses(change.Before).SequenceEqual(Addresses(change.After), StringComparer.Ordinal))
            {
                Interlocked.Increment(ref version);
            }
        };
        await cache.WaitForSyncAsync(cancellation);
        var resolver = context.Path("/etc/resolv.conf");
        var server = new DnsServer(
            context.Network, Names, new DnsForwarder(context.Network, () => DnsForwarder.Servers(resolver), context.Time), context.Time, logger);
        logger.LogInformation("answers for {Domain} on port {Port}", domain, port);
        await server.RunAsync(port, cancellation);

        static IEnumerable<string?> Addresses(V1Pod? pod) => (pod?.Status?.PodIPs ?? []).Select(p => p.Ip).Prepend(pod?.Status?.PodIP);

        ClusterNames Names()
        {
            var now = Interlocked.Read(ref version);
            var made = Volatile.Read(ref last);
            if (made?.Version != now)
            {
                made = new Made(now, ClusterNames.Of(domain, services.All, slices.All, pods.All));
                Volatile.Write(ref last, made);
            }

            return made.Names;
        }
    }

    private sealed record Made(long Version, ClusterNames Names);
}
