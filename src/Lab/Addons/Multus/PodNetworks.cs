using System.Text.Json.Nodes;
using Dpf.Runtime.Clusters;
using Dpf.Runtime.Machines;
using k8s.Models;

namespace Dpf.Lab.Addons.Multus;

/// <summary>Connects a pod: its default network as <c>eth0</c>, then the ones that it asks for.</summary>
internal sealed class PodNetworks(KubeClient client, IMachine machine, Func<(string Name, JsonObject Config)?> defaultNetwork, string state)
{
    private const string DefaultAnnotation = "v1.multus-cni.io/default-network";
    private const string NetworksAnnotation = "k8s.v1.cni.cncf.io/networks";
    private const string StatusAnnotation = "k8s.v1.cni.cncf.io/network-status";
    private const string ResourceAnnotation = "k8s.v1.cni.cncf.io/resourceName";
    private readonly Delegation _delegation = new(machine);

    /// <summary>Answers one call of the container runtime.</summary>
    public async Task<JsonObject?> AnswerAsync(CniCall call, CancellationToken cancellation) => call.Command switch
    {
        "ADD" => await AddAsync(call, cancellation),
        "DEL" => await DeleteAsync(call, cancellation),
        "VERSION" => new JsonObject { ["cniVersion"] = "1.0.0", ["supportedVersions"] = new JsonArray("0.3.1", "0.4.0", "1.0.0") },
        _ => null,
    };

    private async Task<JsonObject?> AddAsync(CniCall call, CancellationToken cancellation)
    {
        var (ns, name) = (call.Argument("K8S_POD_NAMESPACE"), call.Argument("K8S_POD_NAME"));
        var pod = ns is null || name is null ? null : await client.GetAsync<V1Pod>(ns, name, cancellation);
        if (pod is null)
        {
            throw new CniException(Delegation.Error(7, $"pod {ns}/{name} is not known to the API server"));
        }

        var taken = new Dictionary<string, int>(StringComparer.Ordinal);
        var networks = new JsonArray();
        var status = new JsonArray();
        var main = await DefaultAsync(pod, taken, cancellation);
        var all = new List<(NetworkSelection? Selection, string Interface, string Label, JsonObject Config)> { (null, call.Interface, main.Label, main.Config) };
        var index = 1;
        foreach (var selection in NetworkSelection.Parse(Annotation(pod, NetworksAnnotation), ns!))
        {
            var config = await DefinitionAsync(selection.Namespace, selection.Name, pod, taken, cancellation);
            all.Add((selection, selection.Interface ?? $"net{index}", $"{selection.Namespace}/{selection.Name}", config));
            index++;
        }

        JsonObject? result = null;
        foreach (var (selection, device, label, config) in all)
        {
            if (selection?.Arguments is { } arguments)
            {
                config["args"] = new JsonObject { ["cni"] = arguments.DeepClone() };
            }

            networks.Add(new JsonObject { ["interface"] = device, ["config"] = config.DeepClone() });

            // Written first: what was begun is what a DEL has to undo.
            Remember(call.ContainerId, networks);
            var added = await _delegation.RunAsync(Call(call, device, selection), config, cancellation);
            result ??= added;
            status.Add(StatusOf(label, device, selection is null, added, config));
        }

        await client.PatchAsync<V1Pod>(
            ns, name!,
            new JsonObject { ["metadata"] = new JsonObject { ["annotations"] = new JsonObject { [StatusAnnotation] = status.ToJsonString() } } }, cancellation);
        return result ?? new JsonObject { ["cniVersion"] = "0.4.0" };
    }

    private async Task<JsonObject?> DeleteAsync(CniCall call, CancellationToken cancellation)
    {
        var file = machine.Path($"{state}/{call.ContainerId}.json");
        if (!File.Exists(file))
        {
            return null;
        }

        CniException? failed = null;
        foreach (var network in JsonNode.Parse(await File.ReadAllTextAsync(file, cancellation))!.AsArray().Reverse())
        {
            try
            {
                await _delegation.RunAsync(call with { Interface = (string)network!["interface"]! }, network["config"]!.AsObject(), cancellation);
            }
            catch (CniException e)
            {
                failed = e;
            }
        }

        if (failed is not null)
        {
            throw failed;
        }

        File.Delete(file);
        return null;
    }

    private static CniCall Call(CniCall call, string device, NetworkSelection? selection) => call with
    {
        Interface = device,
        Arguments = selection?.Mac is { } mac ? $"{call.Arguments};MAC={mac}" : call.Arguments,
    };

    private static string? Annotation(V1Pod pod, string name) =>
        pod.Metadata.Annotations?.TryGetValue(name, out var value) == true ? value : null;

    private static JsonObject StatusOf(string label, string device, bool isDefault, JsonObject? result, JsonObject config)
    {
        var addresses = result?["ips"]?.AsArray().Select(i => (JsonNode?)((string?)i!["address"])?.Split('/')[0]).ToArray() ?? [];
        var status = new JsonObject { ["name"] = label, ["interface"] = device, ["ips"] = new JsonArray(addresses), ["default"] = isDefault, ["dns"] = new JsonObject() };
        var inside = result?["interfaces"]?.AsArray().FirstOrDefault(i => (string?)i!["name"] == device && (string?)i["sandbox"] is { Length: > 0 });
        if ((string?)inside?["mac"] is { } mac)
        {
            status["mac"] = mac;
        }

        if ((string?)config["deviceID"] is { } address)
        {
            status["device-info"] = new JsonObject
            {
                ["type"] = "pci",
                ["version"] = "1.1.0",
                ["pci"] = new JsonObject { ["pci-address"] = address },
            };
        }

        return status;
    }

    private void Remember(string container, JsonArray networks)
    {
        Directory.CreateDirectory(machine.Path(state));
        File.WriteAllText(machine.Path($"{state}/{container}.json"), networks.ToJsonString());
    }

    private async Task<(string Label, JsonObject Config)> DefaultAsync(V1Pod pod, Dictionary<string, int> taken, CancellationToken cancellation)
    {
        if (Annotation(pod, DefaultAnnotation) is { Length: > 0 } wanted)
        {
            var selection = NetworkSelection.Parse(wanted, pod.Metadata.NamespaceProperty)[0];
            return ($"{selection.Namespace}/{selection.Name}",
                await DefinitionAsync(selection.Namespace, selection.Name, pod, taken, cancellation));
        }

        return defaultNetwork() ?? throw new CniException(
            Delegation.Error(11, $"no default network on {machine.HostName}: no other configuration in /etc/cni/net.d yet"));
    }

    private async Task<JsonObject> DefinitionAsync(
        string ns, string name, V1Pod pod, Dictionary<string, int> taken, CancellationToken cancellation)
    {
        var definition = await client.GetAsync("k8s.cni.cncf.io/v1", "NetworkAttachmentDefinition", ns, name, cancellation)
            ?? throw new CniException(Delegation.Error(7, $"network {ns}/{name}: no such NetworkAttachmentDefinition"));
        var text = (string?)definition["spec"]?["config"];
        var config = string.IsNullOrWhiteSpace(text)
            ? throw new CniException(Delegation.Error(7, $"network {ns}/{name}: spec.config is empty"))
            : JsonNode.Parse(text)!.AsObject();
        config["name"] ??= name;
        if ((string?)definition["metadata"]?["annotations"]?[ResourceAnnotation] is { Length: > 0 } resource)
        {
            var used = taken.GetValueOrDefault(resource);
            var device = Devices(pod.Metadata.Uid, resource).Skip(used).FirstOrDefault() ?? throw new CniException(Delegation.Error(
                11, $"network {ns}/{name}: the kubelet has given the pod no (further) {resource}; request one in a container's resources"));
            taken[resource] = used + 1;
            foreach (var plugin in config["plugins"] is JsonArray list ? list.Select(p => p!.AsObject()) : [config])
            {
                plugin["deviceID"] = device;
            }

            config["deviceID"] = device;
        }

        return config;
    }

    private IReadOnlyList<string> Devices(string uid, string resource)
    {
        var file = machine.Path(DeviceAllocations.File);
        return File.Exists(file) ? DeviceAllocations.Of(File.ReadAllText(file), uid, resource) : [];
    }
}
