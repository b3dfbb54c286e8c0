using System.Text.Json.Nodes;
using Dpf.Runtime.Machines;

namespace Dpf.Lab.Addons.Multus;

/// <summary>What a container runtime tells a CNI plugin.</summary>
internal sealed record CniCall(string Command, string ContainerId, string Network, string Interface, string Arguments, string Path)
{
    /// <summary>A value of <c>CNI_ARGS</c> (<c>key=value;…</c>).</summary>
    public string? Argument(string name) => Arguments.Split(';').Select(a => a.Split('=', 2))
        .FirstOrDefault(a => a.Length == 2 && a[0] == name)?[1];
}

/// <summary>A CNI plugin refused; its own error object is <see cref="Error"/>.</summary>
internal sealed class CniException(JsonObject error) : Exception((string?)error["msg"] ?? "the plugin failed")
{
    public JsonObject Error { get; } = error;
}

/// <summary>Calls CNI plugins of the machine, as a container runtime does.</summary>
internal sealed class Delegation(IMachine machine)
{
    /// <summary>Runs a network's plugins (one, or a list in order; for DEL backwards) and returns the last result.</summary>
    /// <exception cref="CniException">A plugin failed.</exception>
    public async Task<JsonObject?> RunAsync(CniCall call, JsonObject network, CancellationToken cancellation)
    {
        List<JsonObject> plugins = network["plugins"] is JsonArray list ? [.. list.Select(p => p!.AsObject())] : [network];
        if (call.Command == "DEL")
        {
            plugins.Reverse();
        }

        JsonObject? result = null;
        foreach (var plugin in plugins)
        {
            var config = plugin.DeepClone().AsObject();
            config["name"] ??= (string?)network["name"];
            config["cniVersion"] ??= (string?)network["cniVersion"] ?? "0.4.0";
            if (result is not null)
            {
                config["prevResult"] = result.DeepClone();
            }

            result = await InvokeAsync(call, config, cancellation) ?? result;
        }

        return result;
    }

    private async Task<JsonObject?> InvokeAsync(CniCall call, JsonObject config, CancellationToken cancellation)
    {
        var type = (string?)config["type"] ?? throw new CniException(Error(7, $"network {(string?)config["name"]}: no plugin type"));
        var program = call.Path.Split(':', StringSplitOptions.RemoveEmptyEntries).Select(folder => $"{folder}/{type}")
            .FirstOrDefault(p => File.Exists(machine.Path(p)))
            ?? throw new CniException(Error(2, $"no CNI plugin '{type}' in {call.Path} on {machine.HostName}"));
        var outcome = await machine.RunAsync(
            new MachineCommand(program)
            {
                Input = config.ToJsonString(),
                Environment = new Dictionary<string, string>
                {
                    ["CNI_COMMAND"] = call.Command,
                    ["CNI_CONTAINERID"] = call.ContainerId,
                    ["CNI_NETNS"] = call.Network,
                    ["CNI_IFNAME"] = call.Interface,
                    ["CNI_ARGS"] = call.Arguments,
                    ["CNI_PATH"] = call.Path,
                },
            },
            cancellation);
        var answer = Parse(outcome.Output);
        return outcome.Succeeded
            ? answer
            : throw new CniException(answer ?? Error(999, $"{program} on {machine.HostName} exited with {outcome.ExitCode}: {outcome.Error.Trim()}"));
    }

    /// <summary>A CNI error object.</summary>
    public static JsonObject Error(int code, string message) => new() { ["cniVersion"] = "0.4.0", ["code"] = code, ["msg"] = message };

    private static JsonObject? Parse(string text)
    {
        try
        {
            return string.IsNullOrWhiteSpace(text) ? null : JsonNode.Parse(text) as JsonObject;
        }
        catch (System.Text.Json.JsonException)
        {
            return null;
        }
    }
}
