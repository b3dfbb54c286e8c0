using System.Runtime.InteropServices;
using System.Text.Json.Nodes;
using System.Threading.Channels;
using Dpf.Runtime.Clusters;
using k8s;
using k8s.Models;
using Microsoft.Extensions.Logging;

namespace Dpf.Lab.Kubelet.Nodes;

/// <summary>Keeps the Node object and its lease: registers, reports at once what changes, and renews.</summary>
internal sealed class NodeRegistration(NodeContext node)
{
    private const string LeaseNamespace = "kube-node-lease";
    private const int LeaseSeconds = 40;
    private static readonly TimeSpan Renewal = TimeSpan.FromSeconds(10);
    private static readonly TimeSpan Report = TimeSpan.FromSeconds(60);
    private static readonly TimeSpan Retry = TimeSpan.FromMilliseconds(500);
    private readonly Channel<bool> _changed = Channel.CreateBounded<bool>(new BoundedChannelOptions(1) { FullMode = BoundedChannelFullMode.DropWrite });
    private readonly KubeletOptions _options = node.Options;

    public async Task RunAsync(CancellationToken cancellation)
    {
        node.Devices.Changed += () => _changed.Writer.TryWrite(true);
        await RetryAsync("register the node", () => RegisterAsync(cancellation), cancellation);
        await Task.WhenAll(LeaseAsync(cancellation), StatusAsync(cancellation), NetworkAsync(cancellation));
    }

    private string MachineText(string path)
    {
        var file = node.Machine.Path(path);
        return File.Exists(file) ? File.ReadAllText(file).Trim() : "";
    }

    private async Task RegisterAsync(CancellationToken cancellation)
    {
        var labels = new Dictionary<string, string>
        {
            ["kubernetes.io/hostname"] = _options.NodeName,
            ["kubernetes.io/os"] = "linux",
            ["kubernetes.io/arch"] = Architecture(),
            ["beta.kubernetes.io/os"] = "linux",
            ["beta.kubernetes.io/arch"] = Architecture(),
        };
        foreach (var (name, value) in _options.Labels)
        {
            labels[name] = value;
        }

        if (await node.Client.GetAsync<V1Node>(null, _options.NodeName, cancellation) is null)
        {
            await node.Client.CreateAsync(
                new V1Node
                {
                    Metadata = new V1ObjectMeta
                    {
                        Name = _options.NodeName,
                        Labels = labels,
                        Annotations = new Dictionary<string, string> { ["volumes.kubernetes.io/controller-managed-attach-detach"] = "true" },
                    },
                    Spec = new V1NodeSpec { Taints = _options.Taints.Count > 0 ? [.. _options.Taints] : null },
                }, cancellation);
            node.Logger.LogInformation("node registered");
        }
        else
        {
            var set = new JsonObject(labels.Select(l => KeyValuePair.Create(l.Key, (JsonNode?)l.Value)));
            await node.Client.PatchAsync<V1Node>(
                null, _options.NodeName, new JsonObject { ["metadata"] = new JsonObject { ["labels"] = set } }, cancellation);
        }
    }

    private async Task StatusAsync(CancellationToken cancellation)
    {
        while (true)
        {
            await RetryAsync("report the node's status", () => ReportAsync(cancellation), cancellation);
            using var wait = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
            await Task.WhenAny(_changed.Reader.WaitToReadAsync(wait.Token).AsTask(), node.DelayAsync(Report, wait.Token));
            await wait.CancelAsync();
            cancellation.ThrowIfCancellationRequested();
            _changed.Reader.TryRead(out _);
        }
    }

    private async Task ReportAsync(CancellationToken cancellation)
    {
        // A kubelet registers when it starts: a node that somebody removed stays away until then.
        if (await node.Client.GetAsync<V1Node>(null, _options.NodeName, cancellation) is not { } current)
        {
            return;
        }

        var status = Status(current.Status?.Conditions ?? [], node.Sandboxes.NetworkReady, node.Now);
        await node.Client.MergeStatusAsync<V1Node>(
            null, _options.NodeName, new JsonObject { ["status"] = JsonNode.Parse(KubernetesJson.Serialize(status)) }, cancellation);
    }

    private V1NodeStatus Status(IList<V1NodeCondition> before, bool networkReady, DateTime now)
    {
        var capacity = _options.Capacity.ToDictionary(c => c.Key, c => new ResourceQuantity(c.Value));
        var allocatable = new Dictionary<string, ResourceQuantity>(capacity);
        foreach (var (resource, total, healthy) in node.Devices.Resources)
        {
            capacity[resource] = new ResourceQuantity(total.ToString());
            allocatable[resource] = new ResourceQuantity(healthy.ToString());
        }

        return new V1NodeStatus
        {
            Capacity = capacity,
            Allocatable = allocatable,
            Addresses =
            [
                new V1NodeAddress { Type = "InternalIP", Address = _options.NodeIp },
                new V1NodeAddress { Type = "Hostname", Address = _options.NodeName },
            ],
            Conditions =
            [
                // Only its own: those of others stay, and may be written at this moment.
                Condition(before, "MemoryPressure", "False", "KubeletHasSufficientMemory", "kubelet has sufficient memory available", now),
                Condition(before, "DiskPressure", "False", "KubeletHasNoDiskPressure", "kubelet has no disk pressure", now),
                Condition(before, "PIDPressure", "False", "KubeletHasSufficientPID", "kubelet has sufficient PID available", now),
                networkReady
                    ? Condition(before, "Ready", "True", "KubeletReady", "kubelet is posting ready status", now)
                    : Condition(
                        before, "Ready", "False", "KubeletNotReady",
                        "container runtime network not ready: NetworkReady=false reason:NetworkPluginNotReady " +
                        "message:Network plugin returns error: cni plugin not initialized", now),
            ],
            DaemonEndpoints = new V1NodeDaemonEndpoints { KubeletEndpoint = new V1DaemonEndpoint { Port = _options.Port } },
            NodeInfo = new V1NodeSystemInfo
            {
                Architecture = Architecture(),
                BootID = MachineText("/proc/sys/kernel/random/boot_id"),
                MachineID = MachineText("/etc/machine-id") is { Length: > 0 } id ? id : _options.NodeName,
                SystemUUID = MachineText("/sys/class/dmi/id/product_uuid") is { Length: > 0 } uuid ? uuid : _options.NodeName,
                KernelVersion = MachineText("/proc/sys/kernel/osrelease"),
                OsImage = OsImage(MachineText("/etc/os-release")),
                OperatingSystem = "linux",
                ContainerRuntimeVersion = "runc://1.1",
                KubeletVersion = _options.Version,
                KubeProxyVersion = _options.Version,
            },
        };
    }

    private static V1NodeCondition Condition(
        IList<V1NodeCondition> before, string type, string status, string reason, string message, DateTime now) => new()
        {
            Type = type,
            Status = status,
            Reason = reason,
            Message = message,
            LastHeartbeatTime = now,
            LastTransitionTime = before.FirstOrDefault(c => c.Type == type && c.Status == status)?.LastTransitionTime ?? now,
        };

    private static string OsImage(string release) =>
        release.Split('\n').FirstOrDefault(l => l.StartsWith("PRETTY_NAME=", StringComparison.Ordinal))?[12..].Trim('"') ?? "Linux";

    private static string Architecture() => RuntimeInformation.OSArchitecture == System.Runtime.InteropServices.Architecture.Arm64 ? "arm64" : "amd64";

    private async Task LeaseAsync(CancellationToken cancellation)
    {
        while (true)
        {
            await RetryAsync("renew the node's lease", () => RenewAsync(cancellation), cancellation);
            await node.DelayAsync(Renewal, cancellation);
        }
    }

    private async Task RenewAsync(CancellationToken cancellation)
    {
        var lease = await node.Client.GetAsync<V1Lease>(LeaseNamespace, _options.NodeName, cancellation);
        if (lease is not null)
        {
            lease.Spec.RenewTime = node.Now;
            lease.Spec.HolderIdentity = _options.NodeName;
            await node.Client.UpdateAsync(lease, cancellation);
            return;
        }

        var owner = await node.Client.GetAsync<V1Node>(null, _options.NodeName, cancellation);
        await node.Client.CreateAsync(
            new V1Lease
            {
                Metadata = new V1ObjectMeta
                {
                    Name = _options.NodeName,
                    NamespaceProperty = LeaseNamespace,
                    OwnerReferences = owner is null
                        ? null
                        : [new V1OwnerReference { ApiVersion = "v1", Kind = "Node", Name = _options.NodeName, Uid = owner.Metadata.Uid }],
                },
                Spec = new V1LeaseSpec { HolderIdentity = _options.NodeName, LeaseDurationSeconds = LeaseSeconds, RenewTime = node.Now },
            }, cancellation);
    }

    /// <summary>The node is ready when its network's configuration is there.</summary>
    private async Task NetworkAsync(CancellationToken cancellation)
    {
        var was = node.Sandboxes.NetworkReady;
        while (true)
        {
            await node.DelayAsync(was ? TimeSpan.FromSeconds(5) : TimeSpan.FromMilliseconds(250), cancellation);
            var ready = node.Sandboxes.NetworkReady;
            if (ready != was)
            {
                was = ready;
                _changed.Writer.TryWrite(true);
            }
        }
    }

    private async Task RetryAsync(string what, Func<Task> attempt, CancellationToken cancellation)
    {
        while (true)
        {
            try
            {
                await attempt();
                return;
            }
            catch (Exception e) when (e is KubeException or HttpRequestException or TimeoutException or IOException)
            {
                node.Logger.LogDebug("{What}: {Message}; again soon", what, e.Message);
                await node.DelayAsync(Retry, cancellation);
            }
        }
    }
}
