using System.Text.Json;
using System.Text.Json.Nodes;
using Dpf.Chaining.Cni;
using Dpf.Runtime.Clusters;
using Dpf.Runtime.Machines;
using k8s.Models;

namespace Dpf.Chaining.Multus;

/// <summary>Connects a pod to its default network and to those that it asks for.</summary>
internal sealed class PodNetworks(KubeClient client, IMachine machine, Func<JsonObject?> defaultNetwork)
{
    private const string State = "/var/lib/cni/multus";
    private const string ResourceName = "k8s.v1.cni.cncf.io/resourceName";
    private const string Status = "k8s.v1.cni.cncf.io/network-status";
    private readonly PluginCaller _plugins = new(machine);

    /// <summary>Answers a runtime.</summary>
    public Task<JsonObject?> AnswerAsync(CniCall call, CancellationToken cancellation) => call.Command switch
    {
        "ADD" => AddAsync(call, cancellation),
        "DEL" => DeleteAsync(call, cancellation),
        _ => Task.FromResult<JsonObject?>(null),
    };

    private async Task<JsonObject?> AddAsync(CniCall call, CancellationToken cancellation)
    {
        var pod = await client.GetAsync<V1Pod>(call.PodNamespace, call.PodName, cancellation)
            ?? throw new CniException(11, $"pod {call.PodNamespace}/{call.PodName} is not known to the API server");
        var main = defaultNetwork()
            ?? throw new CniException(11, $"{machine.HostName} has no default network in /etc/cni/net.d yet");
        var attachments = new List<(string Label, string Interface, JsonObject Config, string Arguments)>
        {
            ((string?)main["name"] ?? "default", call.Interface, main, call.Arguments),
        };
        var used = new Dictionary<string, int>(StringComparer.Ordinal);
        var annotations = pod.Metadata.Annotations ?? new Dictionary<string, string>();
        foreach (var request in NetworkRequest.Parse(annotations.TryGetValue(ChainingLabels.Networks, out var text) ? text : null, call.PodNamespace))
        {
            attachments.Add((
                $"{request.Namespace}/{request.Name}", request.Interface ?? $"net{attachments.Count}",
                await DefinitionAsync(request, pod.Metadata.Uid, used, cancellation),
                request.Mac is null ? call.Arguments : $"{call.Arguments};MAC={request.Mac}"));
        }

        JsonObject? result = null;
        var begun = new JsonArray();
        var status = new JsonArray();
        foreach (var (label, device, config, arguments) in attachments)
        {
            begun.Add(new JsonObject { ["interface"] = device, ["config"] = config.DeepClone() });

            // Before the call: what failed half-way has to be undone too.
            WholeFile.Write(machine.Path($"{State}/{call.ContainerId}"), begun.ToJsonString());
            var added = await _plugins.NetworkAsync(call with { Interface = device, Arguments = arguments }, config, cancellation);
            status.Add(StatusOf(label, device, result is null, added));
            result ??= added ?? new JsonObject { ["cniVersion"] = call.Version };
        }

        await client.PatchAsync<V1Pod>(
            call.PodNamespace, call.PodName,
            new JsonObject { ["metadata"] = new JsonObject { ["annotations"] = new JsonObject { [Status] = status.ToJsonString() } } },
            cancellation, fieldManager: "multus");
        return result;
    }

    private async Task<JsonObject?> DeleteAsync(CniCall call, CancellationToken cancellation)
    {
        var file = machine.Path($"{State}/{call.ContainerId}");
        if (Remembered(file) is not { } attachments)
        {
            // From before this agent: its only network was the default one.
            var undone = defaultNetwork() is { } main ? await _plugins.NetworkAsync(call, main, cancellation) : null;
            File.Delete(file);
            return undone;
        }

        CniException? failure = null;
        foreach (var attachment in attachments.Reverse())
        {
            try
            {
                await _plugins.NetworkAsync(
                    call with { Interface = (string)attachment!["interface"]! }, attachment["config"]!.AsObject(), cancellation);
            }
            catch (CniException e)
            {
                // The others go all the same; the runtime asks again.
                failure = e;
            }
        }

        if (failure is not null)
        {
            throw failure;
        }

        File.Delete(file);
        return null;
    }

    private async Task<JsonObject> DefinitionAsync(
        NetworkRequest request, string uid, Dictionary<string, int> used, CancellationToken cancellation)
    {
        var label = $"network {request.Namespace}/{request.Name}";
        var definition = await client.GetAsync("k8s.cni.cncf.io/v1", "NetworkAttachmentDefinition", request.Namespace, request.Name, cancellation)
            ?? throw new CniException(7, $"{label}: there is no such NetworkAttachmentDefinition");
        var config = (string?)definition["spec"]?["config"] is { Length: > 0 } text && JsonNode.Parse(text) is JsonObject parsed
            ? parsed
            : throw new CniException(7, $"{label}: spec.config is empty");
        config["name"] ??= request.Name;
        if (request.Arguments is { } arguments)
        {
            config["args"] = new JsonObject { ["cni"] = arguments.DeepClone() };
        }

        if ((string?)definition["metadata"]?["annotations"]?[ResourceName] is { Length: > 0 } resource)
        {
            var checkpoint = machine.Path(PodDevices.File);
            var devices = File.Exists(checkpoint) ? PodDevices.Of(await File.ReadAllTextAsync(checkpoint, cancellation), uid, resource) : [];
            var next = used.GetValueOrDefault(resource);
            used[resource] = next + 1;
            var device = next < devices.Count
                ? devices[next]
                : throw new CniException(11, $"{label}: the pod has {devices.Count} {resource}, one more is needed; request it in a container's resources");
            foreach (var plugin in config["plugins"] is JsonArray list ? list.OfType<JsonObject>() : [config])
            {
                plugin["deviceID"] = device;
            }
        }

        return config;
    }

    private static JsonObject StatusOf(string label, string device, bool isDefault, JsonObject? result)
    {
        var inside = (result?["interfaces"] as JsonArray ?? [])
            .FirstOrDefault(i => (string?)i?["name"] == device && (string?)i["sandbox"] is { Length: > 0 });
        return new JsonObject
        {
            ["name"] = label,
            ["interface"] = device,
            ["ips"] = new JsonArray(
                [.. (result?["ips"] as JsonArray ?? []).Select(i => (JsonNode?)((string?)i?["address"] ?? "").Split('/')[0])]),
            ["mac"] = (string?)inside?["mac"] ?? "",
            ["default"] = isDefault,
            ["dns"] = new JsonObject(),
        };
    }

    /// <summary>What a sandbox has been connected to; null when it is not known, or the file does not say.</summary>
    private static JsonArray? Remembered(string file)
    {
        try
        {
            return File.Exists(file) ? JsonNode.Parse(File.ReadAllText(file)) as JsonArray : null;
        }
        catch (JsonException)
        {
            return null;
        }
    }
}
