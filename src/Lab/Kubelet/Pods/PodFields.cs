using System.Globalization;
using System.Text;
using k8s.Models;

namespace Dpf.Lab.Kubelet.Pods;

/// <summary>The fields of a pod that containers may ask for (downward API).</summary>
internal sealed class PodFields(V1Pod pod, string hostIp, IReadOnlyList<string> addresses, IReadOnlyDictionary<string, string> capacity)
{
    /// <summary>A field's text; empty when it has none.</summary>
    /// <exception cref="FormatException">There is no such field.</exception>
    public string Field(string path)
    {
        if (path.StartsWith("metadata.labels['", StringComparison.Ordinal) || path.StartsWith("metadata.annotations['", StringComparison.Ordinal))
        {
            var map = path.StartsWith("metadata.labels", StringComparison.Ordinal) ? pod.Metadata.Labels : pod.Metadata.Annotations;
            var key = path[(path.IndexOf('\'', StringComparison.Ordinal) + 1)..path.LastIndexOf('\'')];
            return map is not null && map.TryGetValue(key, out var value) ? value : "";
        }

        return path switch
        {
            "metadata.name" => pod.Metadata.Name,
            "metadata.namespace" => pod.Metadata.NamespaceProperty,
            "metadata.uid" => pod.Metadata.Uid,
            "metadata.labels" => Lines(pod.Metadata.Labels),
            "metadata.annotations" => Lines(pod.Metadata.Annotations),
            "spec.nodeName" => pod.Spec.NodeName,
            "spec.serviceAccountName" => pod.Spec.ServiceAccountName ?? "default",
            "status.hostIP" or "status.hostIPs" => hostIp,
            "status.podIP" => addresses.Count > 0 ? addresses[0] : "",
            "status.podIPs" => string.Join(',', addresses),
            _ => throw new FormatException($"fieldPath {path} is not supported"),
        };
    }

    /// <summary>A resource of a container, in units of the divisor; what the node has when it is not limited.</summary>
    /// <exception cref="FormatException">There is no such container or resource.</exception>
    public string Resource(V1ResourceFieldSelector selector, V1Container? self)
    {
        var container = selector.ContainerName is { Length: > 0 } name
            ? pod.Spec.Containers.Concat(pod.Spec.InitContainers ?? []).FirstOrDefault(c => c.Name == name)
            : self;
        if (container is null || selector.Resource.Split('.', 2) is not [var kind, var resource] || kind is not ("limits" or "requests"))
        {
            throw new FormatException($"resource {selector.Resource} of container '{selector.ContainerName}' is not known");
        }

        var limits = container.Resources?.Limits;
        var requests = container.Resources?.Requests;
        var quantity =
            kind == "requests" && requests is not null && requests.TryGetValue(resource, out var request) ? request.ToDecimal()
            : limits is not null && limits.TryGetValue(resource, out var limit) ? limit.ToDecimal()
            : kind == "requests" ? 0
            : capacity.TryGetValue(resource, out var all) ? new ResourceQuantity(all).ToDecimal()
            : 0;
        var divisor = selector.Divisor is { } given && given.ToDecimal() > 0 ? given.ToDecimal() : 1;
        return decimal.Ceiling(quantity / divisor).ToString("0", CultureInfo.InvariantCulture);
    }

    private static string Lines(IDictionary<string, string>? map) =>
        string.Join('\n', (map ?? new Dictionary<string, string>()).OrderBy(p => p.Key, StringComparer.Ordinal).Select(p => $"{p.Key}={Quote(p.Value)}"));

    private static string Quote(string value)
    {
        var quoted = new StringBuilder("\"");
        foreach (var c in value)
        {
            quoted.Append(c switch
            {
                '"' => "\\\"",
                '\\' => @"\\",
                '\n' => "\\n",
                '\r' => "\\r",
                '\t' => "\\t",
                _ => c.ToString(),
            });
        }

        return quoted.Append('"').ToString();
    }
}
