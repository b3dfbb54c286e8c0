using System.Text.Json;
using System.Text.Json.Nodes;

namespace Dpf.Chaining.Cni;

/// <summary>One call of a container runtime.</summary>
/// <param name="Command"><c>ADD</c>, <c>DEL</c>, <c>CHECK</c> or <c>VERSION</c>.</param>
/// <param name="ContainerId">The sandbox.</param>
/// <param name="Namespace">The pod's network namespace, a path on the machine; empty when it is gone.</param>
/// <param name="Interface">The interface in the pod.</param>
/// <param name="Arguments"><c>CNI_ARGS</c>.</param>
/// <param name="Path"><c>CNI_PATH</c>.</param>
/// <param name="Config">The network's configuration.</param>
public sealed record CniCall(
    string Command, string ContainerId, string Namespace, string Interface, string Arguments, string Path, JsonObject Config)
{
    /// <summary>Where runtimes look for plugins unless told.</summary>
    public const string PluginFolder = "/opt/cni/bin";

    /// <summary>Reads what <see cref="PluginServer"/>'s program sends: variables, an empty line, the configuration.</summary>
    /// <exception cref="CniException">The configuration is no JSON object.</exception>
    public static CniCall Parse(string text)
    {
        var cut = text.IndexOf("\n\n", StringComparison.Ordinal);
        var (head, body) = cut < 0 ? (text, "") : (text[..cut], text[(cut + 2)..]);
        var variables = head.Split('\n').Select(l => l.Split('=', 2)).Where(l => l.Length == 2)
            .ToDictionary(l => l[0], l => l[1], StringComparer.Ordinal);
        string Of(string name) => variables.GetValueOrDefault(name, "");
        JsonObject? config;
        try
        {
            config = string.IsNullOrWhiteSpace(body) ? [] : JsonNode.Parse(body) as JsonObject;
        }
        catch (JsonException e)
        {
            throw new CniException(6, $"the network configuration is not JSON: {e.Message}");
        }

        return new CniCall(
            Of("CNI_COMMAND"), Of("CNI_CONTAINERID"), Of("CNI_NETNS"), Of("CNI_IFNAME"), Of("CNI_ARGS"),
            Of("CNI_PATH") is { Length: > 0 } path ? path : PluginFolder,
            config ?? throw new CniException(6, "the network configuration is no JSON object"));
    }

    /// <summary>A value of <see cref="Arguments"/> (<c>key=value;…</c>).</summary>
    public string? Argument(string name) =>
        Arguments.Split(';').Select(a => a.Split('=', 2)).FirstOrDefault(a => a.Length == 2 && a[0] == name)?[1];

    /// <summary>The pod's namespace.</summary>
    public string PodNamespace => Argument("K8S_POD_NAMESPACE") ?? "";

    /// <summary>The pod's name.</summary>
    public string PodName => Argument("K8S_POD_NAME") ?? "";

    /// <summary>The protocol's version.</summary>
    public string Version => (string?)Config["cniVersion"] ?? "0.4.0";

    /// <summary>The call as variables.</summary>
    public IReadOnlyDictionary<string, string> Variables => new Dictionary<string, string>
    {
        ["CNI_COMMAND"] = Command,
        ["CNI_CONTAINERID"] = ContainerId,
        ["CNI_NETNS"] = Namespace,
        ["CNI_IFNAME"] = Interface,
        ["CNI_ARGS"] = Arguments,
        ["CNI_PATH"] = Path,
    };
}

/// <summary>A plugin refused.</summary>
/// <param name="code">The protocol's code: 11 for "try again later", 7 for a bad configuration, 100 for the rest.</param>
/// <param name="message">What went wrong.</param>
public sealed class CniException(int code, string message) : Exception(message)
{
    /// <summary>The error as the protocol has it.</summary>
    public JsonObject Answer => new() { ["cniVersion"] = "0.4.0", ["code"] = code, ["msg"] = Message };
}
