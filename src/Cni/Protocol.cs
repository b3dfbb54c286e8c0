using System.Text.Json;
using System.Text.Json.Serialization;

namespace Dpf.Cni;

/// <summary>What the plugin tells the node agent: its environment and the network configuration from its standard input.</summary>
public sealed record PluginRequest
{
    /// <summary>The plugin's <c>CNI_*</c> variables.</summary>
    [JsonPropertyName("env")]
    public required Dictionary<string, string> Environment { get; init; }

    /// <summary>The network configuration; base64 in JSON.</summary>
    [JsonPropertyName("config")]
    public required byte[] Config { get; init; }
}

/// <summary>What the node agent answers.</summary>
public sealed record PluginResponse
{
    /// <summary>The CNI result that the plugin prints; null for commands that print nothing.</summary>
    [JsonPropertyName("Result")]
    public JsonElement? Result { get; init; }
}

/// <summary>A CNI error as the plugin prints it.</summary>
public sealed record PluginError
{
    /// <summary>The version that the runtime speaks.</summary>
    [JsonPropertyName("cniVersion")]
    public string CniVersion { get; init; } = "0.4.0";

    /// <summary>The specification's code, or 100 and more for the plugin's own.</summary>
    [JsonPropertyName("code")]
    public int Code { get; init; }

    /// <summary>What went wrong.</summary>
    [JsonPropertyName("msg")]
    public string Message { get; init; } = "";
}

/// <summary>The part of the network configuration that the plugin itself looks at.</summary>
public sealed record PluginConfig
{
    /// <summary>The version that the runtime speaks.</summary>
    [JsonPropertyName("cniVersion")]
    public string CniVersion { get; init; } = "0.4.0";

    /// <summary>The network's name.</summary>
    [JsonPropertyName("name")]
    public string? Name { get; init; }

    /// <summary>The VF's PCI address.</summary>
    [JsonPropertyName("deviceID")]
    public string? DeviceId { get; init; }

    /// <summary>With GC: the attachments that are still in use.</summary>
    [JsonPropertyName("cni.dev/valid-attachments")]
    public IReadOnlyList<PluginAttachment>? ValidAttachments { get; init; }
}

/// <summary>An interface of a container.</summary>
public sealed record PluginAttachment
{
    /// <summary>The container.</summary>
    [JsonPropertyName("containerID")]
    public string ContainerId { get; init; } = "";

    /// <summary>The interface's name in it.</summary>
    [JsonPropertyName("ifname")]
    public string InterfaceName { get; init; } = "";
}

/// <summary>The protocol's JSON, without reflection.</summary>
[JsonSerializable(typeof(PluginRequest))]
[JsonSerializable(typeof(PluginResponse))]
[JsonSerializable(typeof(PluginError))]
[JsonSerializable(typeof(PluginConfig))]
[JsonSourceGenerationOptions(DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull)]
public sealed partial class ProtocolJson : JsonSerializerContext;
