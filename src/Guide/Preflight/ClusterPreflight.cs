using System.Net;
using Dpf.Guide.Variables;

namespace Dpf.Guide.Preflight;

/// <summary>What can be known of a cluster before the guide changes anything in it; pure.</summary>
public static class ClusterPreflight
{
    // Rules of the kinds' schemas (CEL) are part of Kubernetes from here on.
    private static readonly Version Oldest = new(1, 29);

    private static readonly string[] ControlPlaneLabels = ["node-role.kubernetes.io/control-plane", "node-role.kubernetes.io/master"];

    // As their own manifests call them.
    private static readonly string[] OtherNetworks = ["kube-flannel-ds", "calico-node", "cilium", "weave-net", "antrea-agent", "kube-router", "kindnet"];

    /// <summary>Everything that would make the guide fail later, each with what to do.</summary>
    /// <param name="facts">The cluster.</param>
    /// <param name="variables">The guide's variables.</param>
    public static IReadOnlyList<string> Problems(ClusterFacts facts, GuideVariables variables) =>
        [.. OfCluster(facts), .. OfAddresses(facts, variables)];

    private static IEnumerable<string> OfCluster(ClusterFacts facts)
    {
        if (Version.TryParse(facts.Version.TrimStart('v').Split('-', '+')[0], out var version) && version < Oldest)
        {
            yield return $"the cluster is {facts.Version}: it has to be v{Oldest} or newer";
        }

        if (!facts.Nodes.Any(n => ControlPlaneLabels.Any(l => n.Metadata.Labels?.ContainsKey(l) == true)))
        {
            yield return $"no node has the label {ControlPlaneLabels[0]}: the operator runs on such nodes; kubectl label node NAME {ControlPlaneLabels[0]}=";
        }

        foreach (var (ns, name) in facts.DaemonSets.Where(d => OtherNetworks.Contains(d.Name)))
        {
            yield return $"DaemonSet {ns}/{name} is another network of pods: the guide's cluster has none before step 1; remove it";
        }
    }

    private static IEnumerable<string> OfAddresses(ClusterFacts facts, GuideVariables variables)
    {
        var range = IPNetwork.Parse(variables["TARGETCLUSTER_NODE_CIDR"]);
        foreach (var node in facts.Nodes)
        {
            foreach (var text in (node.Status?.Addresses ?? []).Where(a => a.Type == "InternalIP").Select(a => a.Address))
            {
                if (text == variables["DPUCLUSTER_VIP"])
                {
                    yield return $"DPUCLUSTER_VIP={text} is the address of node {node.Metadata.Name}; choose one that nobody has";
                }

                if (IPAddress.TryParse(text, out var address) && address.AddressFamily == range.BaseAddress.AddressFamily && !range.Contains(address))
                {
                    yield return $"TARGETCLUSTER_NODE_CIDR={range}: node {node.Metadata.Name} has the address {text}, which is not in it";
                }
            }
        }

        if (facts.Unreachable is { } why)
        {
            yield return $"TARGETCLUSTER_API_SERVER_HOST={variables["TARGETCLUSTER_API_SERVER_HOST"]}, TARGETCLUSTER_API_SERVER_PORT={variables["TARGETCLUSTER_API_SERVER_PORT"]}: " +
                $"{why}; nodes and DPUs reach the API server there";
        }
    }
}
