using System.Text.Json;
using Dpf.Cni;

namespace Dpf.Ovn.CniServer;

/// <summary>One CNI call, read.</summary>
/// <param name="Command">ADD, DEL, CHECK, STATUS, …</param>
/// <param name="ContainerId">The sandbox.</param>
/// <param name="NetworkNamespace">The sandbox's network namespace, a path on the machine; null when it is gone.</param>
/// <param name="InterfaceName">The interface's name in the pod.</param>
/// <param name="Namespace">The pod's namespace.</param>
/// <param name="Pod">The pod's name.</param>
/// <param name="PodUid">Which incarnation; null when the runtime does not say.</param>
/// <param name="Config">The network configuration.</param>
public sealed record CniRequest(
    string Command, string ContainerId, string? NetworkNamespace, string InterfaceName, string Namespace, string Pod, string? PodUid,
    PluginConfig Config)
{
    /// <summary>Reads the plugin's request.</summary>
    /// <exception cref="FormatException">Something required is missing.</exception>
    public static CniRequest Read(PluginRequest request)
    {
        var variables = request.Environment;
        var command = variables.GetValueOrDefault("CNI_COMMAND") ?? throw new FormatException("CNI_COMMAND is missing");
        var arguments = variables.GetValueOrDefault("CNI_ARGS", "").Split(';', StringSplitOptions.RemoveEmptyEntries)
            .Select(a => a.Split('=', 2)).Where(a => a.Length == 2)
            .ToDictionary(a => a[0], a => a[1], StringComparer.Ordinal);
        var config = JsonSerializer.Deserialize(request.Config, ProtocolJson.Default.PluginConfig)
            ?? throw new FormatException("the network configuration is empty");
        if (command is "STATUS" or "GC")
        {
            return new CniRequest(command, "", null, "", "", "", null, config);
        }

        string Required(IReadOnlyDictionary<string, string> from, string name) => from.TryGetValue(name, out var value) && value.Length > 0
            ? value
            : throw new FormatException($"{name} is missing");
        return new CniRequest(
            command,
            Required(variables, "CNI_CONTAINERID"),
            command == "DEL" ? Optional(variables, "CNI_NETNS") : Required(variables, "CNI_NETNS"),
            Required(variables, "CNI_IFNAME"),
            Required(arguments, "K8S_POD_NAMESPACE"),
            Required(arguments, "K8S_POD_NAME"),
            Optional(arguments, "K8S_POD_UID"),
            config);
    }

    private static string? Optional(IReadOnlyDictionary<string, string> from, string name) =>
        from.TryGetValue(name, out var value) && value.Length > 0 ? value : null;
}
