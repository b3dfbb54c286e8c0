using System.Security.Cryptography;
using System.Text.Json;
using System.Text.Json.Nodes;
using Dpf.Runtime.Machines;
using Dpf.Runtime.Netlink;
using k8s.Models;
using Microsoft.Extensions.Logging;

namespace Dpf.Lab.Kubelet.Networking;

/// <summary>A pod's network: a namespace of its own, connected by CNI, or the machine's.</summary>
/// <param name="Id">The sandbox container's id.</param>
/// <param name="NetworkPath">The namespace's path on the machine; null for the machine's own.</param>
/// <param name="Addresses">The pod's addresses.</param>
internal sealed record Sandbox(string Id, string? NetworkPath, IReadOnlyList<string> Addresses);

/// <summary>Makes and removes pods' sandboxes.</summary>
internal sealed class Sandboxes(NodeContext node)
{
    private const string ConfigurationFolder = "/etc/cni/net.d";
    private const string PluginFolder = "/opt/cni/bin";
    private static readonly TimeSpan ConfigurationInterval = TimeSpan.FromMilliseconds(250);
    private static readonly TimeSpan FirstRetry = TimeSpan.FromMilliseconds(500);
    private static readonly TimeSpan LongestRetry = TimeSpan.FromSeconds(5);

    // iproute2 prepares its folder at the first use, which two at once would do twice.
    private readonly SemaphoreSlim _namespaces = new(1);

    /// <summary>Whether the machine has a network configuration.</summary>
    public bool NetworkReady => CniConfiguration.First(node.Machine.Path(ConfigurationFolder)) is not null;

    private string RecordFolder => Path.Combine(node.Options.StateFolder, "sandboxes");

    /// <summary>Makes a pod's sandbox, trying until it succeeds.</summary>
    public async Task<Sandbox> CreateAsync(V1Pod pod, CancellationToken cancellation)
    {
        await ForgetAsync(pod.Metadata.Uid, cancellation);
        if (pod.Spec.HostNetwork == true)
        {
            return new Sandbox(NewId(), null, [node.Options.NodeIp]);
        }

        for (var delay = FirstRetry; ; delay = delay * 2 < LongestRetry ? delay * 2 : LongestRetry)
        {
            CniConfiguration? network;
            while ((network = CniConfiguration.First(node.Machine.Path(ConfigurationFolder))) is null)
            {
                await node.DelayAsync(ConfigurationInterval, cancellation);
            }

            var record = new SandboxRecord(
                NewId(), $"/run/netns/cni-{Guid.NewGuid()}", pod.Metadata.NamespaceProperty, pod.Metadata.Name, pod.Metadata.Uid);
            try
            {
                Save(record);
                await MakeNamespaceAsync(record.NetworkPath, cancellation);
                JsonNode? result = null;
                foreach (var plugin in network.Plugins)
                {
                    result = await CallAsync("ADD", record, network, plugin, result, cancellation);
                }

                Save(record with { Result = result?.ToJsonString() });
                return new Sandbox(record.Id, record.NetworkPath, CniConfiguration.Addresses(result));
            }
            catch (Exception e) when (e is CniException or MachineCommandException or IOException or JsonException)
            {
                node.Logger.LogInformation("{Namespace}/{Pod}: sandbox: {Message}", record.Namespace, record.Name, e.Message);
                await node.Events.WarningAsync(
                    pod, "FailedCreatePodSandBox", $"Failed to create pod sandbox: {e.Message}", cancellation);
                await RemoveAsync(record, cancellation);
                await node.DelayAsync(delay, cancellation);
            }
            catch (OperationCanceledException)
            {
                using var grace = new CancellationTokenSource(TimeSpan.FromSeconds(5), node.Time);
                await RemoveAsync(record, grace.Token);
                throw;
            }
        }
    }

    /// <summary>Removes what is known of a pod's sandbox; does nothing when there is none.</summary>
    public async Task ForgetAsync(string podUid, CancellationToken cancellation)
    {
        var file = Path.Combine(RecordFolder, podUid + ".json");
        if (File.Exists(file) && JsonSerializer.Deserialize<SandboxRecord>(await File.ReadAllTextAsync(file, cancellation)) is { } record)
        {
            await RemoveAsync(record, cancellation);
        }
    }

    private static string NewId() => Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(32));

    private void Save(SandboxRecord record)
    {
        Directory.CreateDirectory(RecordFolder);
        File.WriteAllText(Path.Combine(RecordFolder, record.Uid + ".json"), JsonSerializer.Serialize(record));
    }

    private async Task MakeNamespaceAsync(string path, CancellationToken cancellation)
    {
        var name = Path.GetFileName(path);
        await _namespaces.WaitAsync(cancellation);
        try
        {
            await node.Machine.ExecuteAsync(cancellation, "ip", "netns", "add", name);
        }
        finally
        {
            _namespaces.Release();
        }

        await new KernelNetwork(node.Machine, path).ApplyAsync(cancellation, new SetLink("lo") { IsUp = true });
    }

    private async Task RemoveAsync(SandboxRecord record, CancellationToken cancellation)
    {
        var there = File.Exists(node.Machine.Path(record.NetworkPath));
        if (CniConfiguration.First(node.Machine.Path(ConfigurationFolder)) is { } network)
        {
            var previous = record.Result is null ? null : JsonNode.Parse(record.Result);
            foreach (var plugin in network.Plugins.Reverse())
            {
                try
                {
                    await CallAsync("DEL", record with { NetworkPath = there ? record.NetworkPath : "" }, network, plugin, previous, cancellation);
                }
                catch (Exception e) when (e is CniException or JsonException)
                {
                    // The namespace goes anyhow, and its devices with it.
                    node.Logger.LogInformation("{Namespace}/{Pod}: {Message}", record.Namespace, record.Name, e.Message);
                }
            }
        }

        if (there)
        {
            await node.Machine.RunAsync(new MachineCommand("ip", "netns", "delete", Path.GetFileName(record.NetworkPath)), cancellation);
        }

        File.Delete(Path.Combine(RecordFolder, record.Uid + ".json"));
    }

    private async Task<JsonNode?> CallAsync(
        string verb, SandboxRecord record, CniConfiguration network, JsonObject plugin, JsonNode? previous, CancellationToken cancellation)
    {
        var type = (string)plugin["type"]!;
        var command = new MachineCommand($"{PluginFolder}/{type}")
        {
            Environment = new Dictionary<string, string>
            {
                ["CNI_COMMAND"] = verb,
                ["CNI_CONTAINERID"] = record.Id,
                ["CNI_NETNS"] = record.NetworkPath,
                ["CNI_IFNAME"] = "eth0",
                ["CNI_ARGS"] = $"IgnoreUnknown=1;K8S_POD_NAMESPACE={record.Namespace};K8S_POD_NAME={record.Name};" +
                    $"K8S_POD_INFRA_CONTAINER_ID={record.Id};K8S_POD_UID={record.Uid}",
                ["CNI_PATH"] = PluginFolder,
            },
            Input = network.Input(plugin, previous).ToJsonString(),
        };
        CommandResult result;
        try
        {
            result = await node.Machine.RunAsync(command, cancellation);
        }
        catch (Exception e) when (e is System.ComponentModel.Win32Exception or IOException)
        {
            throw new CniException($"plugin type=\"{type}\" failed ({verb.ToLowerInvariant()}): {e.Message}");
        }

        if (!result.Succeeded)
        {
            throw new CniException($"plugin type=\"{type}\" failed ({verb.ToLowerInvariant()}): {Reason(result)}");
        }

        return verb == "ADD" && result.Output.Length > 0 ? JsonNode.Parse(result.Output) : previous;
    }

    private static string Reason(CommandResult result)
    {
        try
        {
            if (JsonNode.Parse(result.Output) is JsonObject error && (string?)error["msg"] is { } message)
            {
                return (string?)error["details"] is { Length: > 0 } details ? $"{message}; {details}" : message;
            }
        }
        catch (JsonException)
        {
            // No result of the protocol: what it printed will do.
        }

        return $"exit code {result.ExitCode}: {(result.Error + result.Output).Trim()}";
    }

    /// <summary>What has to be known to remove a sandbox, kept in a file.</summary>
    private sealed record SandboxRecord(
        string Id, string NetworkPath, string Namespace, string Name, string Uid, string? Result = null);
}

/// <summary>A CNI plugin failed.</summary>
internal sealed class CniException(string message) : Exception(message);
