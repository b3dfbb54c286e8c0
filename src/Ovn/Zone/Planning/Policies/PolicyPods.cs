using Dpf.Ovn.Addressing;
using Dpf.Ovn.Annotations;
using Dpf.Runtime.Addressing;
using Dpf.Runtime.Selecting;
using k8s.Models;

namespace Dpf.Ovn.Zone.Planning.Policies;

/// <summary>A pod that policies may select or mean.</summary>
/// <param name="Pod">The pod.</param>
/// <param name="Port">Its logical port, if the zone has it.</param>
/// <param name="Addresses">Its addresses, if they are its node's.</param>
internal sealed record PolicyPod(V1Pod Pod, string? Port, IReadOnlyList<IpAddress> Addresses)
{
    /// <summary>The numbers that a port's name stands for.</summary>
    public PortSet Named(string name, string? protocol = null) => PortSet.Union((Pod.Spec?.Containers ?? [])
        .Concat((Pod.Spec?.InitContainers ?? []).Where(c => c.RestartPolicy == "Always"))
        .SelectMany(c => c.Ports ?? [])
        .Where(p => p.Name == name && (protocol is null || (p.Protocol ?? "TCP").Equals(protocol, StringComparison.OrdinalIgnoreCase)))
        .Select(p => PortSet.Of(p.Protocol, p.ContainerPort, p.ContainerPort)));
}

/// <summary>The pods and namespaces that selectors choose from, and the sets that they chose.</summary>
internal sealed class PolicyPods
{
    /// <summary>The namespace that stands for the nodes themselves: what hosts send to pods comes from their addresses in the overlay.</summary>
    private const string HostNetworkNamespace = "ovn-host-network";

    private readonly ILookup<string, PolicyPod> _pods;
    private readonly IReadOnlyCollection<V1Namespace> _namespaces;
    private readonly IReadOnlyList<V1Namespace> _hostNamespaces;
    private readonly IReadOnlyList<IpAddress> _hosts;
    private readonly Dictionary<string, IReadOnlyList<IpAddress>> _sets = new(StringComparer.Ordinal);

    /// <param name="pods">Every pod of the cluster that has not ended.</param>
    /// <param name="namespaces">Every namespace.</param>
    /// <param name="nodes">Every node.</param>
    /// <param name="network">The cluster's networks.</param>
    /// <param name="localPorts">The logical ports of the zone's pods.</param>
    /// <param name="networkOf">What network a pod has.</param>
    public PolicyPods(
        IEnumerable<V1Pod> pods, IReadOnlyCollection<V1Namespace> namespaces, IReadOnlyCollection<ZoneNode> nodes, ClusterNetwork network,
        IReadOnlySet<string> localPorts, Func<V1Pod, PodNetwork?> networkOf)
    {
        var subnets = nodes.ToDictionary(n => n.Name, n => n.Subnets, StringComparer.Ordinal);
        _pods = pods.Where(p => p.Spec?.HostNetwork != true)
            .Select(p => new PolicyPod(p, Local(p), Addresses(p)))
            .ToLookup(p => p.Pod.Metadata.NamespaceProperty, StringComparer.Ordinal);
        _namespaces = namespaces;
        _hostNamespaces = [.. namespaces.Where(n => n.Metadata.Name == HostNetworkNamespace)];
        _hosts = [.. nodes.SelectMany(n => n.Management.Concat(network.JoinAddresses(n.Id).Select(a => a.Address)))];

        string? Local(V1Pod pod) =>
            ZonePod.PortOf(pod.Metadata.NamespaceProperty, pod.Metadata.Name) is var port && localPorts.Contains(port) ? port : null;

        // Whoever makes a pod can write its annotations: an address counts only where the pod's node has it to give.
        IReadOnlyList<IpAddress> Addresses(V1Pod pod) =>
            pod.Spec?.NodeName is { } node && subnets.TryGetValue(node, out var own) &&
            networkOf(pod) is { } addresses && PodAddresses.ArePods(own, addresses)
                ? [.. addresses.Ips]
                : [];
    }

    /// <summary>The sets that were asked for.</summary>
    public IReadOnlyDictionary<string, IReadOnlyList<IpAddress>> Sets => _sets;

    /// <summary>Every pod.</summary>
    public IEnumerable<PolicyPod> All => _pods.SelectMany(p => p);

    /// <summary>The pods of a namespace with these labels.</summary>
    public IEnumerable<PolicyPod> Select(string ns, V1LabelSelector? selector) =>
        _pods[ns].Where(p => selector.Selects(p.Pod.Metadata.Labels));

    /// <summary>The pods with these labels in the namespaces with those labels.</summary>
    public IEnumerable<PolicyPod> Select(V1LabelSelector namespaces, V1LabelSelector? pods) =>
        Namespaces(namespaces).SelectMany(ns => Select(ns, pods));

    /// <summary>The annotations of a namespace.</summary>
    public IDictionary<string, string>? AnnotationsOf(string ns) =>
        _namespaces.FirstOrDefault(n => n.Metadata.Name == ns)?.Metadata.Annotations;

    /// <summary>The key of the set of a namespace's pods with these labels.</summary>
    public string SetOf(string ns, V1LabelSelector? pods) => Set(
        $"{ns}_{SelectorText.Of(pods)}", () => Select(ns, pods).SelectMany(p => p.Addresses));

    /// <summary>The key of the set of the pods with these labels in the namespaces with those labels.</summary>
    /// <param name="namespaces">The namespaces.</param>
    /// <param name="pods">
    /// The pods; null for everybody there, which in the namespace of the hosts are those, while a selector without labels means pods alone.
    /// </param>
    public string SetOf(V1LabelSelector namespaces, V1LabelSelector? pods)
    {
        // A part of the key: else whoever asks first would decide for all.
        var hasHosts = pods is null && _hostNamespaces.Any(n => namespaces.Selects(n.Metadata.Labels));
        return Set(
            $"{SelectorText.Of(namespaces)}_{SelectorText.Of(pods)}{(hasHosts ? "_hosts" : "")}",
            () =>
            {
                var chosen = Select(namespaces, pods).SelectMany(p => p.Addresses);
                return hasHosts ? chosen.Concat(_hosts) : chosen;
            });
    }

    private IEnumerable<string> Namespaces(V1LabelSelector selector) =>
        _namespaces.Where(n => selector.Selects(n.Metadata.Labels)).Select(n => n.Metadata.Name);

    private string Set(string key, Func<IEnumerable<IpAddress>> addresses)
    {
        if (!_sets.ContainsKey(key))
        {
            _sets[key] = [.. addresses().Distinct().Order()];
        }

        return key;
    }
}
