using k8s.Models;

namespace Dpf.Lab.Kubelet.Networking;

/// <summary>A pod's <c>resolv.conf</c>, as its DNS policy says: pure.</summary>
internal static class PodResolver
{
    /// <summary>The file's text; null where the machine's own is the pod's.</summary>
    /// <param name="pod">The pod.</param>
    /// <param name="server">The cluster's name server; null when it has none.</param>
    /// <param name="domain">The cluster's domain.</param>
    public static string? Text(V1Pod pod, string? server, string domain)
    {
        var policy = pod.Spec.DnsPolicy ?? "ClusterFirst";
        var inCluster = policy == "ClusterFirstWithHostNet" || (policy == "ClusterFirst" && pod.Spec.HostNetwork != true);
        if (policy != "None" && (!inCluster || server is null))
        {
            return null;
        }

        var own = pod.Spec.DnsConfig;
        var ns = pod.Metadata.NamespaceProperty;
        IEnumerable<string> servers = inCluster ? [server!] : [];
        IEnumerable<string> searches = inCluster ? [$"{ns}.svc.{domain}", $"svc.{domain}", domain] : [];
        var options = (own?.Options ?? []).ToDictionary(o => o.Name, o => o.Value, StringComparer.Ordinal);
        if (inCluster)
        {
            options.TryAdd("ndots", "5");
        }

        List<string> lines = [.. servers.Concat(own?.Nameservers ?? []).Distinct(StringComparer.Ordinal).Select(s => "nameserver " + s)];
        if (searches.Concat(own?.Searches ?? []).Distinct(StringComparer.Ordinal).ToList() is { Count: > 0 } all)
        {
            lines.Add("search " + string.Join(' ', all));
        }

        if (options.Count > 0)
        {
            lines.Add("options " + string.Join(' ', options.Select(o => o.Value is { Length: > 0 } value ? $"{o.Key}:{value}" : o.Key)));
        }

        return string.Join('\n', lines) + "\n";
    }
}
