using Dpf.Ovn.Addressing;
using Dpf.Ovn.Annotations;
using Dpf.Ovn.Zone.Planning;
using Dpf.Runtime.Addressing;
using Dpf.Runtime.Clusters;
using Dpf.Runtime.Events;
using k8s.Models;
using Microsoft.Extensions.Logging;

namespace Dpf.Ovn.Zone.Applying;

/// <summary>
/// Gives the pods of a zone their addresses and writes them into the pods. One that cannot have an address, or cannot be written,
/// keeps nobody else from anything.
/// </summary>
internal sealed class PodAllocation(string zone, ClusterNetwork network, KubeClient client, TimeProvider time, ILogger logger)
{
    private readonly Dictionary<IpFamily, PodAddresses> _addresses = Enum.GetValues<IpFamily>().ToDictionary(f => f, _ => new PodAddresses());
    private readonly EventRecorder _events = new(client, "ovnkube-controller", time, logger);

    // Written to the API server but perhaps not yet told back by it; by the pod's uid.
    private readonly Dictionary<string, PodNetwork> _written = new(StringComparer.Ordinal);

    // Why pods have no address, so that it is told once and not at every pass; by the pod's uid.
    private readonly Dictionary<string, string> _failures = new(StringComparer.Ordinal);

    /// <summary>Gives an address to every pod of the zone that has none.</summary>
    /// <param name="local">The zone's node.</param>
    /// <param name="pods">All pods.</param>
    /// <param name="cancellation">Ends it.</param>
    /// <returns>The pods that have one but do not say so yet, and why others have none.</returns>
    public async Task<(IReadOnlyList<ZonePod> Fresh, IReadOnlyList<string> Failures)> GiveAsync(
        ZoneNode local, IReadOnlyCollection<V1Pod> pods, CancellationToken cancellation)
    {
        var mine = pods.Where(p => ClusterFacts.IsLocal(p, zone)).ToList();
        Forget(mine.Select(p => p.Metadata.Uid).ToHashSet(StringComparer.Ordinal));
        var used = mine.Select(p => PodNetwork.Read(p.Metadata.Annotations)).OfType<PodNetwork>().Concat(_written.Values)
            .SelectMany(n => n.Ips).ToHashSet();
        var (fresh, failures) = (new List<ZonePod>(), new List<string>());
        foreach (var pod in mine.Where(p => p.Metadata.DeletionTimestamp is null && PodNetwork.Read(p.Metadata.Annotations) is null))
        {
            try
            {
                if (await GiveAsync(local, pod, used, cancellation) is { } given)
                {
                    fresh.Add(new ZonePod(pod.Metadata.NamespaceProperty, pod.Metadata.Name, pod.Metadata.Uid, given));
                }

                _failures.Remove(pod.Metadata.Uid);
            }
            catch (Exception e) when (e is KubeException or InvalidOperationException)
            {
                failures.Add($"pod {pod.Metadata.NamespaceProperty}/{pod.Metadata.Name}: {e.Message}");
                await TellAsync(pod, e.Message, cancellation);
            }
            catch (Exception e) when (e is HttpRequestException or TimeoutException)
            {
                // Nobody answers: the others would only wait for the same.
                failures.Add(e.Message);
                break;
            }
        }

        return (fresh, failures);
    }

    private void Forget(HashSet<string> known)
    {
        foreach (var gone in _written.Keys.Concat(_failures.Keys).Where(uid => !known.Contains(uid)).ToList())
        {
            _written.Remove(gone);
            _failures.Remove(gone);
        }
    }

    /// <summary>A pod's addresses; null when it went meanwhile.</summary>
    /// <exception cref="InvalidOperationException">The subnet is full.</exception>
    /// <exception cref="KubeException">The API server refuses them.</exception>
    private async Task<PodNetwork?> GiveAsync(ZoneNode local, V1Pod pod, HashSet<IpAddress> used, CancellationToken cancellation)
    {
        if (_written.TryGetValue(pod.Metadata.Uid, out var known))
        {
            return known;
        }

        var addresses = new List<Cidr>();
        try
        {
            foreach (var subnet in local.Subnets)
            {
                addresses.Add(_addresses[subnet.Family].Next(subnet, used) ??
                    throw new InvalidOperationException($"the subnet {subnet} of node {zone} has no free address"));
            }

            var given = PodNetwork.Of(addresses, network);
            await client.AnnotateAsync<V1Pod>(
                pod.Metadata.NamespaceProperty, pod.Metadata.Name, [KeyValuePair.Create(PodNetwork.Annotation, (string?)given.Write())],
                cancellation, pod.Metadata.Uid);
            _written[pod.Metadata.Uid] = given;
            return given;
        }
        catch (KubeException e) when (e.IsNotFound || e.IsConflict)
        {
            logger.LogDebug("pod {Pod} went before it had an address", pod.Metadata.Name);
            return null;
        }
        catch (Exception e) when (e is InvalidOperationException or KubeException { Code: < System.Net.HttpStatusCode.InternalServerError })
        {
            // Surely not written: the next pod may have them, or of few addresses it would have none.
            used.ExceptWith(addresses.Select(a => a.Address));
            throw;
        }
    }

    private async Task TellAsync(V1Pod pod, string message, CancellationToken cancellation)
    {
        if (_failures.TryGetValue(pod.Metadata.Uid, out var told) && told == message)
        {
            return;
        }

        _failures[pod.Metadata.Uid] = message;
        await _events.WarningAsync(pod, "ErrorAllocatingPodIP", message, cancellation);
    }
}
