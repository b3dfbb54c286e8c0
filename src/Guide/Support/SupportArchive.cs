using System.Formats.Tar;
using System.IO.Compression;
using System.Text;
using Dpf.Guide.Describing;
using Dpf.Guide.Tracing;
using Dpf.Runtime.Clusters;
using k8s.Models;

namespace Dpf.Guide.Support;

/// <summary>
/// Collects what somebody who helps needs to see into one archive: objects, events, logs, and the switches' and the logical network's state.
/// What cannot be collected is said in <c>summary.txt</c>, and holds up nothing else. Secrets are taken out.
/// </summary>
/// <param name="management">The management cluster.</param>
/// <param name="clusters">The DPU clusters.</param>
/// <param name="time">The clock.</param>
public sealed class SupportArchive(KubeClient management, ClusterClients clusters, TimeProvider time)
{
    private const int LogLines = 5000;

    private static readonly (string File, string[] Command)[] Dumps =
    [
        ("ovs-vsctl-show.txt", ["ovs-vsctl", "show"]), ("ovs-interfaces.txt", ["ovs-vsctl", "list", "interface"]),
        ("ovs-open_vswitch.txt", ["ovs-vsctl", "list", "open_vswitch"]),
        ("flows.txt", ["sh", "-c", "for bridge in $(ovs-vsctl list-br); do echo \"== $bridge\"; ovs-ofctl dump-ports-desc $bridge; ovs-ofctl dump-flows --names $bridge; done"]),
        ("datapath.txt", ["sh", "-c", "ovs-appctl dpif/show; ovs-appctl dpctl/dump-flows -m; ovs-appctl tnl/ports/show; ovs-appctl ovs/route/show"]),
        ("ovn-nb.txt", ["ovn-nbctl", "show"]), ("ovn-sb.txt", ["ovn-sbctl", "show"]),
        ("ovn-nb-rows.txt", ["sh", "-c", "for table in acl nat load_balancer logical_router_static_route logical_router_policy logical_switch_port port_group address_set; do echo \"== $table\"; ovn-nbctl list $table; done"]),
        ("network.txt", ["sh", "-c", "ip address; ip route show table all; ip neighbour; cat /proc/net/dev"]),
    ];

    // What describe does not show and a helper asks for: nodes with what the network wrote on them, and what is said about traffic.
    private static readonly (string ApiVersion, string Kind)[] OfTheCluster =
    [
        ("v1", "Node"), ("v1", "Namespace"), ("v1", "Service"), ("discovery.k8s.io/v1", "EndpointSlice"), ("networking.k8s.io/v1", "NetworkPolicy"),
        ("policy.networking.k8s.io/v1alpha1", "AdminNetworkPolicy"), ("policy.networking.k8s.io/v1alpha1", "BaselineAdminNetworkPolicy"),
        ("k8s.ovn.org/v1", "EgressIP"), ("k8s.ovn.org/v1", "EgressFirewall"), ("k8s.cni.cncf.io/v1", "NetworkAttachmentDefinition"),
        ("maintenance.nvidia.com/v1alpha1", "NodeMaintenance"), ("coordination.k8s.io/v1", "Lease"),
        ("admissionregistration.k8s.io/v1", "ValidatingWebhookConfiguration"), ("admissionregistration.k8s.io/v1", "MutatingWebhookConfiguration"),
    ];

    // Only of the namespaces that the system is in.
    private static readonly (string ApiVersion, string Kind)[] OfTheSystem = [("v1", "ConfigMap"), ("v1", "Secret")];

    private readonly List<string> _summary = [];

    /// <summary>Writes the archive (tar, gzip).</summary>
    /// <param name="target">Where to.</param>
    /// <param name="progress">Told what is collected now.</param>
    /// <param name="cancellation">Cancels.</param>
    /// <returns>What could not be collected.</returns>
    public async Task<IReadOnlyList<string>> WriteAsync(Stream target, Action<string> progress, CancellationToken cancellation)
    {
        await using var gzip = new GZipStream(target, CompressionLevel.Fastest, leaveOpen: true);
        await using var tar = new TarWriter(gzip, leaveOpen: true);
        progress("objects");
        var objects = await TryAsync("the objects that describe shows", () => Inventory.ReadAsync(management, clusters, cancellation)) ?? [];
        foreach (var group in objects.GroupBy(o => (o.Cluster, o.Kind)))
        {
            await AddAsync(tar, $"{Folder(group.Key.Cluster)}/objects/{group.Key.Kind}.json", Together(group.Select(o => Redaction.Clean(o.Value))), cancellation);
        }

        await AddAsync(tar, "issues.txt", Issues(ObjectTree.Build(objects)), cancellation);
        var zones = await TryAsync("the switches", () => NodeSwitching.FindAsync(management, clusters, cancellation)) ?? new Dictionary<string, NodeSwitching>();
        var namespaces = objects.Where(o => o.Cluster is null).Select(o => o.Namespace).OfType<string>().Distinct().Order(StringComparer.Ordinal).ToList();
        foreach (var (cluster, client) in zones.Values.Select(z => (z.Cluster, z.Client)).Append((null, management)).DistinctBy(c => c.Item1).ToList())
        {
            progress($"the rest of {Folder(cluster)}");
            await ObjectsAsync(tar, cluster, client, OfTheCluster.Where(k => objects.All(o => o.Cluster != cluster || o.Kind != k.Kind)), null, cancellation);
            await ObjectsAsync(tar, cluster, client, OfTheSystem, cluster is null ? namespaces : null, cancellation);
            progress($"events and logs of {Folder(cluster)}");
            await EventsAsync(tar, cluster, client, cancellation);
            await LogsAsync(tar, cluster, client, cluster is null ? namespaces : null, cancellation);
        }

        foreach (var zone in zones.Values.OrderBy(z => z.Node, StringComparer.Ordinal))
        {
            progress($"the switch of {zone.Node}");
            foreach (var (file, command) in Dumps)
            {
                if (await TryAsync($"{zone.Machine}: {file}", () => zone.RunAsync(command, cancellation)) is { } result)
                {
                    await AddAsync(tar, $"switches/{zone.Node}/{file}", Redaction.Clean(result.Output + result.Error), cancellation);
                }
            }
        }

        await AddAsync(tar, "summary.txt", string.Join('\n', _summary.Prepend($"collected {time.GetUtcNow():u}; {objects.Count} objects; not collected: {_summary.Count}")) + "\n", cancellation);
        return _summary;
    }

    private static string Folder(string? cluster) => cluster is null ? "management" : $"dpu-cluster-{cluster}";

    private static string Together(IEnumerable<string> objects) => "[\n" + string.Join(",\n", objects) + "\n]\n";

    private static string Issues(IReadOnlyList<ObjectNode> roots)
    {
        var lines = roots.SelectMany(root => root.All()).Where(node => node.IsIssue)
            .Select(node => $"{node.Object.Cluster ?? "-"} {node.Object.Kind} {node.Object.Namespace}/{node.Object.Name}: {node.Standing.Text} {node.Standing.Message} {node.Next}".TrimEnd()).ToList();
        return lines.Count == 0 ? "no issues\n" : Redaction.Clean(string.Join('\n', lines)) + "\n";
    }

    /// <summary>Kinds as they are listed, of some namespaces or (null) of all.</summary>
    private async Task ObjectsAsync(
        TarWriter tar, string? cluster, KubeClient client, IEnumerable<(string ApiVersion, string Kind)> kinds, IReadOnlyCollection<string>? namespaces,
        CancellationToken cancellation)
    {
        foreach (var (apiVersion, kind) in kinds)
        {
            var list = await TryAsync($"{kind} of {Folder(cluster)}", async () =>
            {
                try
                {
                    return await client.ListAsync(apiVersion, kind, null, cancellation);
                }
                catch (KubeException e) when (e.IsNotFound)
                {
                    // The kind is not installed.
                    return [];
                }
            });
            var wanted = (list ?? []).Where(o => namespaces?.Contains((string?)o["metadata"]?["namespace"] ?? "") != false).ToList();
            foreach (var value in wanted)
            {
                // The items of a list carry neither.
                (value["apiVersion"], value["kind"]) = (apiVersion, kind);
            }

            if (wanted.Count > 0)
            {
                await AddAsync(tar, $"{Folder(cluster)}/objects/{kind}.json", Together(wanted.Select(Redaction.Clean)), cancellation);
            }
        }
    }

    private async Task EventsAsync(TarWriter tar, string? cluster, KubeClient client, CancellationToken cancellation)
    {
        if (await TryAsync($"events of {Folder(cluster)}", () => client.ListAsync("v1", "Event", null, cancellation)) is { } events)
        {
            await AddAsync(tar, $"{Folder(cluster)}/events.json", Together(events.Select(Redaction.Clean)), cancellation);
        }
    }

    private async Task LogsAsync(TarWriter tar, string? cluster, KubeClient client, IReadOnlyCollection<string>? namespaces, CancellationToken cancellation)
    {
        var pods = await TryAsync($"pods of {Folder(cluster)}", () => client.ListAsync<V1Pod>(null, cancellation)) ?? [];
        foreach (var pod in pods.Where(pod => namespaces?.Contains(pod.Metadata.NamespaceProperty) != false))
        {
            var (ns, name) = (pod.Metadata.NamespaceProperty, pod.Metadata.Name);
            foreach (var status in (pod.Status?.InitContainerStatuses ?? []).Concat(pod.Status?.ContainerStatuses ?? []))
            {
                foreach (var previous in status.RestartCount > 0 ? new[] { false, true } : [false])
                {
                    var path = $"/api/v1/namespaces/{ns}/pods/{name}/log?container={Uri.EscapeDataString(status.Name)}&tailLines={LogLines}&timestamps=true{(previous ? "&previous=true" : "")}";
                    if (await TryAsync($"log of {ns}/{name} {status.Name}{(previous ? ", before its restart" : "")}", () => client.GetTextAsync(path, cancellation)) is { } text)
                    {
                        await AddAsync(tar, $"{Folder(cluster)}/logs/{ns}/{name}/{status.Name}{(previous ? ".previous" : "")}.log", Redaction.Clean(text), cancellation);
                    }
                }
            }
        }
    }

    private async Task<T?> TryAsync<T>(string what, Func<Task<T>> collect)
        where T : class?
    {
        try
        {
            return await collect();
        }
        catch (Exception e) when (e is KubeException or HttpRequestException or TimeoutException or IOException or FormatException)
        {
            _summary.Add(Redaction.Clean($"{what}: {e.Message}"));
            return null;
        }
    }

    private async Task AddAsync(TarWriter tar, string name, string text, CancellationToken cancellation)
    {
        await using var data = new MemoryStream(Encoding.UTF8.GetBytes(text));
        await tar.WriteEntryAsync(
            new PaxTarEntry(TarEntryType.RegularFile, "dpf-support/" + name)
            {
                DataStream = data, Mode = UnixFileMode.UserRead | UnixFileMode.UserWrite, ModificationTime = time.GetUtcNow(),
            },
            cancellation);
    }
}
