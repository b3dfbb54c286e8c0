using Dpf.Api.ThirdParty.AdminPolicies;
using Dpf.Api.ThirdParty.OvnKubernetes;
using Dpf.Ovn.Addressing;
using Dpf.Ovn.Annotations;
using Dpf.Ovn.Zone.Planning.Policies;
using Dpf.Runtime.Addressing;
using k8s.Models;

namespace Dpf.Ovn.Zone.Planning;

/// <summary>The objects of the cluster that a zone follows from, as they are at one moment.</summary>
public sealed record ClusterObjects
{
    /// <summary>All nodes.</summary>
    public IReadOnlyCollection<V1Node> Nodes { get; init; } = [];

    /// <summary>All pods.</summary>
    public IReadOnlyCollection<V1Pod> Pods { get; init; } = [];

    /// <summary>All services.</summary>
    public IReadOnlyCollection<V1Service> Services { get; init; } = [];

    /// <summary>All endpoint slices.</summary>
    public IReadOnlyCollection<V1EndpointSlice> Endpoints { get; init; } = [];

    /// <summary>All network policies.</summary>
    public IReadOnlyCollection<V1NetworkPolicy> Policies { get; init; } = [];

    /// <summary>All namespaces.</summary>
    public IReadOnlyCollection<V1Namespace> Namespaces { get; init; } = [];

    /// <summary>The administrators' policies.</summary>
    public IReadOnlyCollection<AdminNetworkPolicy> AdminPolicies { get; init; } = [];

    /// <summary>The administrators' baselines.</summary>
    public IReadOnlyCollection<BaselineAdminNetworkPolicy> Baselines { get; init; } = [];

    /// <summary>All egress firewalls.</summary>
    public IReadOnlyCollection<EgressFirewall> EgressFirewalls { get; init; } = [];

    /// <summary>All egress addresses.</summary>
    public IReadOnlyCollection<EgressIp> EgressIps { get; init; } = [];

    /// <summary>The addresses that names in policies were found to have.</summary>
    public IReadOnlyDictionary<string, IReadOnlyList<IpAddress>> Names { get; init; } = new Dictionary<string, IReadOnlyList<IpAddress>>();

    /// <summary>The networks that pods were given but do not say, or say no more; by their uids.</summary>
    public IReadOnlyDictionary<string, PodNetwork> Given { get; init; } = new Dictionary<string, PodNetwork>();

    /// <summary>A pod's network: what it says, or else was given; null for none.</summary>
    public PodNetwork? NetworkOf(V1Pod pod) => PodNetwork.Read(pod.Metadata.Annotations) ??
        (pod.Metadata.Uid is { } uid ? Given.GetValueOrDefault(uid) : null);
}

/// <summary>Reads a zone's facts from the cluster's objects.</summary>
public static class ClusterFacts
{
    /// <summary>The facts.</summary>
    public static ZoneFacts Read(string zone, ClusterNetwork network, ClusterObjects cluster)
    {
        // Of two nodes with one number or subnet the older counts, as the cluster manager will decide; but a zone believes in itself.
        var nodes = cluster.Nodes
            .OrderBy(n => n.Metadata.Name != zone)
            .ThenBy(n => n.Metadata.CreationTimestamp ?? DateTime.MaxValue)
            .ThenBy(n => n.Metadata.Name, StringComparer.Ordinal)
            .Select(n => Node(n, network)).OfType<ZoneNode>()
            .DistinctBy(n => n.Id).DistinctBy(n => n.Subnets[0]).DistinctBy(n => n.Subnets[^1])
            .OrderBy(n => n.Id)
            .ToList();
        var subnets = nodes.FirstOrDefault(n => n.Name == zone)?.Subnets ?? [];

        // An address that two pods claim is the older's, and none is the node's own: whoever makes a pod can write its annotations.
        var pods = cluster.Pods
            .Where(p => IsLocal(p, zone))
            .OrderBy(p => p.Metadata.CreationTimestamp ?? DateTime.MaxValue)
            .ThenBy(p => p.Metadata.Uid, StringComparer.Ordinal)
            .Select(p => cluster.NetworkOf(p) is { } addresses && PodAddresses.ArePods(subnets, addresses)
                ? new ZonePod(p.Metadata.NamespaceProperty, p.Metadata.Name, p.Metadata.Uid, addresses)
                : null)
            .OfType<ZonePod>()
            .DistinctBy(p => p.Network.Ips.First()).DistinctBy(p => p.Network.Ips.Last())
            .OrderBy(p => p.Port, StringComparer.Ordinal)
            .ToList();
        var ports = pods.Select(p => p.Port).ToHashSet(StringComparer.Ordinal);
        var candidates = new PolicyPods(cluster.Pods.Where(p => !IsCompleted(p)), cluster.Namespaces, nodes, network, ports, cluster.NetworkOf);
        var policies = new ZonePolicies
        {
            Network = new NetworkPolicyFacts(candidates).Read(cluster.Policies),
            Admin = new AdminPolicyFacts(candidates, cluster.Nodes, cluster.Names).Read(cluster.AdminPolicies, cluster.Baselines),
            Firewalls = new EgressFirewallFacts(candidates, cluster.Nodes, network).Read(cluster.EgressFirewalls, cluster.Names),
            PeerSets = candidates.Sets,
            Names = cluster.Names,
        };
        return new ZoneFacts(zone, network, nodes, pods, ServiceFacts.Read(cluster.Services, cluster.Endpoints, network), policies)
        {
            EgressIps = EgressIpFacts.Read(cluster.EgressIps, candidates),
        };
    }

    /// <summary>The zone's own node; null until the cluster manager has given it a subnet.</summary>
    public static ZoneNode? Local(string zone, ClusterNetwork network, IEnumerable<V1Node> nodes) =>
        nodes.FirstOrDefault(n => n.Metadata.Name == zone) is { } node ? Node(node, network) : null;

    /// <summary>Whether a pod is one that the zone gives an address.</summary>
    public static bool IsLocal(V1Pod pod, string zone) =>
        pod.Spec?.NodeName == zone && pod.Spec.HostNetwork != true && !IsCompleted(pod);

    /// <summary>Whether a pod has ended; it keeps no address.</summary>
    public static bool IsCompleted(V1Pod pod) => pod.Status?.Phase is "Succeeded" or "Failed";

    private static ZoneNode? Node(V1Node node, ClusterNetwork network)
    {
        var annotations = node.Metadata.Annotations;
        if (NodeAnnotations.SubnetsOf(annotations).Where(s => network.Knows(s.Address)).ToList() is not { Count: > 0 } subnets ||
            NodeAnnotations.NodeId(annotations) is not { } id)
        {
            return null;
        }

        // A family that pods do not have is the hosts' own affair.
        var gateway = GatewayConfig.Read(annotations) is { } config &&
            config.Addresses.Where(a => network.Knows(a.Address)).ToList() is { Count: > 0 } known
                ? config with { Addresses = known, NextHops = [.. config.NextHops.Where(network.Knows)] }
                : null;
        var status = IpAddress.ParseAll((node.Status?.Addresses ?? []).Where(a => a.Type == "InternalIP").Select(a => a.Address));
        return new ZoneNode(node.Metadata.Name, subnets, id)
        {
            ChassisId = NodeAnnotations.Plain(annotations, NodeAnnotations.ChassisId),
            EncapIp = NodeAnnotations.Encap(annotations),
            Gateway = gateway,
            HostAddresses =
            [
                .. NodeAnnotations.HostAddresses(annotations).Select(h => h.Address).Concat(status)
                    .Where(a => network.Knows(a) && a != gateway?.Of(a.Family)).Distinct().Order(),
            ],
            ManagementMac = NodeAnnotations.ManagementMac(annotations),
        };
    }
}
