using System.Text.Json;
using System.Text.Json.Nodes;
using Dpf.Runtime.Machines;

namespace Dpf.Chaining.Cni;

/// <summary>Calls other plugins of the machine.</summary>
internal sealed class PluginCaller(IMachine machine)
{
    /// <summary>Calls a network's plugins in order, for DEL in reverse; the result is the last one's.</summary>
    /// <exception cref="CniException">A plugin failed, or is not there.</exception>
    public async Task<JsonObject?> NetworkAsync(CniCall call, JsonObject network, CancellationToken cancellation)
    {
        var plugins = network["plugins"] is JsonArray list ? list.OfType<JsonObject>().ToList() : [network];
        if (call.Command == "DEL")
        {
            plugins.Reverse();
        }

        JsonObject? result = null;
        foreach (var plugin in plugins)
        {
            var config = plugin.DeepClone().AsObject();
            config["name"] = (string?)network["name"] ?? (string?)config["name"];
            config["cniVersion"] = (string?)network["cniVersion"] ?? (string?)config["cniVersion"] ?? "0.4.0";
            if (network["args"] is { } arguments)
            {
                config["args"] = arguments.DeepClone();
            }

            if (result is not null)
            {
                config["prevResult"] = result.DeepClone();
            }

            result = await PluginAsync(call with { Config = config }, (string?)plugin["type"] ?? "", cancellation) ?? result;
        }

        return result;
    }

    /// <summary>Calls one plugin with the call's configuration as it is.</summary>
    /// <exception cref="CniException">It failed, or is not there.</exception>
    public async Task<JsonObject?> PluginAsync(CniCall call, string type, CancellationToken cancellation)
    {
        var program = call.Path.Split(':', StringSplitOptions.RemoveEmptyEntries).Select(folder => $"{folder}/{type}")
            .FirstOrDefault(p => type.Length > 0 && File.Exists(machine.Path(p)))
            ?? throw new CniException(7, $"there is no plugin '{type}' in {call.Path} on {machine.HostName}");
        var outcome = await machine.RunAsync(
            new MachineCommand(program) { Input = call.Config.ToJsonString(), Environment = call.Variables }, cancellation);
        JsonObject? answer;
        try
        {
            answer = outcome.Output.Length > 0 ? JsonNode.Parse(outcome.Output) as JsonObject : null;
        }
        catch (JsonException)
        {
            answer = null;
        }

        return outcome.Succeeded
            ? answer
            : throw new CniException(
                (int?)answer?["code"] ?? 100,
                $"{type}: {(string?)answer?["msg"] ?? $"exit code {outcome.ExitCode}: {(outcome.Error + outcome.Output).Trim()}"}");
    }
}
