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

    // What pods were given or last said, and the version of them that says so: the informer may not have it yet, and an annotation may
    // be lost while its pod lives with the address; by the pod's uid.
    private readonly Dictionary<string, (PodNetwork Network, string? Version)> _known = new(StringComparer.Ordinal);

    // Why pods have no address, so that it is told once and not at every pass; by the pod's uid.
    private readonly Dictionary<string, string> _failures = new(StringComparer.Ordinal);

    /// <summary>Gives an address to every pod of the zone that has none, and writes those again that their pods say no more.</summary>
    /// <param name="local">The zone's node.</param>
    /// <param name="pods">All pods.</param>
    /// <param name="cancellation">Ends it.</param>
    /// <returns>The networks of the pods that have one but do not say so, by their uids, and why others have none.</returns>
    public async Task<(IReadOnlyDictionary<string, PodNetwork> Given, IReadOnlyList<string> Failures)> GiveAsync(
        ZoneNode local, IReadOnlyCollection<V1Pod> pods, CancellationToken cancellation)
    {
        var mine = pods.Where(p => ClusterFacts.IsLocal(p, zone)).ToList();
        Forget(mine.Select(p => p.Metadata.Uid).ToHashSet(StringComparer.Ordinal));
        var used = Learn(local, mine);
        var silent = mine.Where(p => p.Metadata.DeletionTimestamp is null && PodNetwork.Read(p.Metadata.Annotations) is null).ToList();
        var given = Remembered(local, silent, [.. used]);
        used.UnionWith(_known.Values.SelectMany(k => k.Network.Ips));
        var failures = new List<string>();
        foreach (var pod in silent.Where(p => !given.ContainsKey(p.Metadata.Uid) || IsNewer(p, _known[p.Metadata.Uid].Version)))
        {
            try
            {
                if (await GiveAsync(local, pod, given.GetValueOrDefault(pod.Metadata.Uid), used, cancellation) is { } network)
                {
                    given[pod.Metadata.Uid] = network;
                }
                else
                {
                    given.Remove(pod.Metadata.Uid);
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

        return (given, failures);
    }

    private void Forget(HashSet<string> present)
    {
        foreach (var gone in _known.Keys.Concat(_failures.Keys).Where(uid => !present.Contains(uid)).ToList())
        {
            _known.Remove(gone);
            _failures.Remove(gone);
        }
    }

    /// <summary>Remembers what pods say; returns the addresses that they claim.</summary>
    private HashSet<IpAddress> Learn(ZoneNode local, List<V1Pod> pods)
    {
        var claimed = new HashSet<IpAddress>();
        foreach (var pod in pods)
        {
            if (PodNetwork.Read(pod.Metadata.Annotations) is { } said)
            {
                claimed.UnionWith(said.Ips);
                if (PodAddresses.ArePods(local.Subnets, said))
                {
                    _known[pod.Metadata.Uid] = (said, pod.Metadata.ResourceVersion);
                }
            }
        }

        return claimed;
    }

    /// <summary>What pods have that do not say so: whatever becomes of the writing, they live with it.</summary>
    private Dictionary<string, PodNetwork> Remembered(ZoneNode local, List<V1Pod> silent, HashSet<IpAddress> taken)
    {
        var remembered = new Dictionary<string, PodNetwork>(StringComparer.Ordinal);
        foreach (var pod in silent)
        {
            if (!_known.TryGetValue(pod.Metadata.Uid, out var known))
            {
                continue;
            }

            // Not where the node has another subnet by now, or another pod says the same.
            if (PodAddresses.ArePods(local.Subnets, known.Network) && known.Network.Ips.All(taken.Add))
            {
                remembered[pod.Metadata.Uid] = known.Network;
            }
            else
            {
                _known.Remove(pod.Metadata.Uid);
            }
        }

        return remembered;
    }

    /// <summary>A pod's addresses; null when it went meanwhile.</summary>
    /// <exception cref="InvalidOperationException">The subnet is full.</exception>
    /// <exception cref="KubeException">The API server refuses them.</exception>
    private async Task<PodNetwork?> GiveAsync(
        ZoneNode local, V1Pod pod, PodNetwork? remembered, HashSet<IpAddress> used, CancellationToken cancellation)
    {
        var addresses = new List<Cidr>();
        try
        {
            foreach (var subnet in remembered is null ? local.Subnets : [])
            {
                addresses.Add(_addresses[subnet.Family].Next(subnet, used) ??
                    throw new InvalidOperationException($"the subnet {subnet} of node {zone} has no free address"));
            }

            var given = remembered ?? PodNetwork.Of(addresses, network);
            var written = await client.AnnotateAsync<V1Pod>(
                pod.Metadata.NamespaceProperty, pod.Metadata.Name, [KeyValuePair.Create(PodNetwork.Annotation, (string?)given.Write())],
                cancellation, pod.Metadata.Uid);
            _known[pod.Metadata.Uid] = (given, written.Metadata.ResourceVersion);
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

    /// <summary>Whether a pod is as it became after a version, and not merely as the informer had it before.</summary>
    private static bool IsNewer(V1Pod pod, string? version) =>
        ulong.TryParse(pod.Metadata.ResourceVersion, out var now) && ulong.TryParse(version, out var then)
            ? now > then
            : pod.Metadata.ResourceVersion != version;

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
