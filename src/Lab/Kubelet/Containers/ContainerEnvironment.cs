using System.Text;
using Dpf.Lab.Kubelet.Pods;
using k8s.Models;

namespace Dpf.Lab.Kubelet.Containers;

/// <summary>A container cannot be made as it is asked for; the message says why.</summary>
/// <param name="reason">What its waiting state says, e.g. <c>CreateContainerConfigError</c>.</param>
/// <param name="message">Why.</param>
internal sealed class ContainerCreationException(string reason, string message) : Exception(message)
{
    /// <summary>What the waiting state says.</summary>
    public string Reason { get; } = reason;
}

/// <summary>The environment of a container.</summary>
internal static class ContainerEnvironment
{
    /// <summary>Reads what the variables refer to and puts them together.</summary>
    /// <exception cref="ContainerCreationException">Something referred to is not there.</exception>
    public static async Task<Dictionary<string, string>> BuildAsync(
        NodeContext node, V1Pod pod, V1Container container, PodFields fields, CancellationToken cancellation)
    {
        var ns = pod.Metadata.NamespaceProperty;
        Dictionary<string, IReadOnlyDictionary<string, byte[]>?> read = [];

        async Task<IReadOnlyDictionary<string, byte[]>?> MapAsync(string name) =>
            read.TryGetValue("c/" + name, out var known) ? known
            : read["c/" + name] = Volumes.VolumeContent.Data(await node.Client.GetAsync<V1ConfigMap>(ns, name, cancellation));

        async Task<IReadOnlyDictionary<string, byte[]>?> SecretAsync(string name) =>
            read.TryGetValue("s/" + name, out var known) ? known
            : read["s/" + name] = Volumes.VolumeContent.Data(await node.Client.GetAsync<V1Secret>(ns, name, cancellation));

        var server = node.Options.Connection.Server;
        var variables = new Dictionary<string, string>(StringComparer.Ordinal)
        {
            ["PATH"] = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
            ["HOSTNAME"] = pod.Spec.HostNetwork == true ? node.Options.NodeName : pod.Metadata.Name,
            ["KUBERNETES_SERVICE_HOST"] = node.Options.ApiServerHost ?? server.Host,
            ["KUBERNETES_SERVICE_PORT"] = (node.Options.ApiServerPort ?? server.Port).ToString(),
            ["KUBERNETES_SERVICE_PORT_HTTPS"] = (node.Options.ApiServerPort ?? server.Port).ToString(),
        };
        foreach (var source in container.EnvFrom ?? [])
        {
            var (what, data, optional) = source.ConfigMapRef is { } map
                ? ($"configmap \"{map.Name}\"", await MapAsync(map.Name), map.Optional)
                : ($"secret \"{source.SecretRef.Name}\"", await SecretAsync(source.SecretRef.Name), source.SecretRef.Optional);
            if (data is null && optional != true)
            {
                throw new ContainerCreationException("CreateContainerConfigError", $"{what} not found");
            }

            foreach (var (key, value) in data ?? new Dictionary<string, byte[]>())
            {
                variables[source.Prefix + key] = Encoding.UTF8.GetString(value);
            }
        }

        foreach (var variable in container.Env ?? [])
        {
            switch (variable.ValueFrom)
            {
                case null:
                    variables[variable.Name] = VariableExpansion.Expand(variable.Value ?? "", variables);
                    break;
                case { ConfigMapKeyRef: { } key }:
                    Set(variables, variable.Name, $"configmap \"{key.Name}\"", await MapAsync(key.Name), key.Key, key.Optional);
                    break;
                case { SecretKeyRef: { } key }:
                    Set(variables, variable.Name, $"secret \"{key.Name}\"", await SecretAsync(key.Name), key.Key, key.Optional);
                    break;
                case { FieldRef: { } field }:
                    variables[variable.Name] = fields.Field(field.FieldPath);
                    break;
                case { ResourceFieldRef: { } resource }:
                    variables[variable.Name] = fields.Resource(resource, container);
                    break;
            }
        }

        return variables;
    }

    private static void Set(
        Dictionary<string, string> variables, string name, string what, IReadOnlyDictionary<string, byte[]>? data, string key, bool? optional)
    {
        if (data is not null && data.TryGetValue(key, out var value))
        {
            variables[name] = Encoding.UTF8.GetString(value);
        }
        else if (optional != true)
        {
            throw new ContainerCreationException(
                "CreateContainerConfigError", data is null ? $"{what} not found" : $"couldn't find key {key} in {what}");
        }
    }
}
