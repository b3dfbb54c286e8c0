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
    /// <exception cref="FormatException">Something required is missing or broken.</exception>
    public static CniRequest Read(PluginRequest request)
    {
        var variables = request.Environment ?? throw new FormatException("the request has no environment");
        var command = Required(variables, "CNI_COMMAND");
        var arguments = new Dictionary<string, string>(StringComparer.Ordinal);
        foreach (var argument in (Optional(variables, "CNI_ARGS") ?? "").Split(';').Select(a => a.Split('=', 2)).Where(a => a.Length == 2))
        {
            arguments[argument[0]] = argument[1];
        }

        var config = ReadConfig(request.Config);
        if (command is "STATUS" or "GC")
        {
            return new CniRequest(command, "", null, "", "", "", null, config);
        }

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

    private static PluginConfig ReadConfig(byte[]? json)
    {
        try
        {
            return JsonSerializer.Deserialize(json, ProtocolJson.Default.PluginConfig) is { CniVersion: not null } config
                ? config
                : throw new FormatException("the network configuration is empty or has no cniVersion");
        }
        catch (JsonException e)
        {
            throw new FormatException($"the network configuration cannot be read: {e.Message}", e);
        }
    }

    private static string Required(Dictionary<string, string> from, string name) =>
        Optional(from, name) ?? throw new FormatException($"{name} is missing");

    private static string? Optional(Dictionary<string, string> from, string name) =>
        from.TryGetValue(name, out var value) && !string.IsNullOrEmpty(value) ? value : null;
}
