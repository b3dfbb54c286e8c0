using System.Globalization;
using System.Net;
using System.Security.Cryptography;
using System.Text;
using Dpf.Api.Provisioning;
using Dpf.Provisioning.DpuClusters.Kamaji;
using k8s.Models;

namespace Dpf.Provisioning.DpuClusters.VirtualAddresses;

/// <summary>The objects that keep a cluster's virtual address on one of the control-plane nodes: pure.</summary>
internal static class KeepalivedObjects
{
    private const string ConfigurationFolder = "/usr/local/etc/keepalived";
    private const string ConfigurationFile = "keepalived.conf";

    /// <summary>The name of both.</summary>
    public static string Name(DpuCluster cluster) => $"{cluster.Metadata.Name}-keepalived";

    /// <summary>What is wrong with an endpoint, or null: its parts become lines of a configuration.</summary>
    public static string? Problem(Keepalived? keepalived) => keepalived switch
    {
        null => null,
        _ when !IPAddress.TryParse(keepalived.Vip, out _) => $"spec.clusterEndpoint.keepalived.vip: '{keepalived.Vip}' is no address",
        _ when keepalived.Interface.Any(c => !char.IsAsciiLetterOrDigit(c) && c is not ('-' or '_' or '.' or ':' or '@')) =>
            $"spec.clusterEndpoint.keepalived.interface: '{keepalived.Interface}' is no name of a network device",
        _ => null,
    };

    /// <summary>
    /// Which cluster an endpoint cannot be beside, or null: two of one address, or of one router id on one interface, would take it
    /// from one another for ever. The older one keeps it, of the same second the one whose name is first.
    /// </summary>
    public static string? Conflict(DpuCluster cluster, IEnumerable<DpuCluster> all)
    {
        if (cluster.Spec.ClusterEndpoint?.Keepalived is not { } own)
        {
            return null;
        }

        foreach (var other in all.Where(o => o.Metadata.Uid != cluster.Metadata.Uid && IsOlder(o, cluster)))
        {
            if (other.Spec.ClusterEndpoint?.Keepalived is not { } its)
            {
                continue;
            }

            var name = QualifiedName(other);
            if (its.Vip == own.Vip)
            {
                return $"DPUCluster {name} has the address {own.Vip} already";
            }

            if (its.Interface == own.Interface && its.VirtualRouterId == own.VirtualRouterId)
            {
                return string.Create(
                    CultureInfo.InvariantCulture, $"DPUCluster {name} has virtualRouterID {own.VirtualRouterId} on {own.Interface} already; choose another one");
            }
        }

        return null;
    }

    /// <summary>The configuration's template.</summary>
    public static V1ConfigMap ConfigMap(DpuCluster cluster, Keepalived keepalived) => new()
    {
        Metadata = KamajiObjects.Metadata(cluster, Name(cluster), isController: true),
        Data = new Dictionary<string, string> { [ConfigurationFile] = KeepalivedConfiguration.Template(keepalived) },
    };

    /// <summary>One keepalived on each node that may hold the address. A new configuration rolls it out anew.</summary>
    public static V1DaemonSet DaemonSet(DpuCluster cluster, Keepalived keepalived, int port, KeepalivedImage image)
    {
        var labels = new Dictionary<string, string>
        {
            [KamajiObjects.ClusterLabel] = cluster.Metadata.Name,
            [ProvisioningLabels.Component] = "keepalived",
        };
        var digest = SHA256.HashData(Encoding.UTF8.GetBytes(KeepalivedConfiguration.Template(keepalived)));
        return new V1DaemonSet
        {
            Metadata = KamajiObjects.Metadata(cluster, Name(cluster), isController: true),
            Spec = new V1DaemonSetSpec
            {
                Selector = new V1LabelSelector { MatchLabels = labels },
                Template = new V1PodTemplateSpec
                {
                    Metadata = new V1ObjectMeta
                    {
                        Labels = labels,
                        Annotations = new Dictionary<string, string> { ["dpu.nvidia.com/configuration"] = Convert.ToHexStringLower(digest)[..16] },
                    },
                    Spec = Pod(cluster, keepalived, port, image),
                },
            },
        };
    }

    /// <summary>Whether the address is looked after, as far as the DaemonSet knows: one node is enough.</summary>
    public static ClusterFact Fact(V1DaemonSet daemons)
    {
        var status = daemons.Status;
        var (ready, wanted) = (status?.NumberReady ?? 0, status?.DesiredNumberScheduled ?? 0);
        var count = string.Create(CultureInfo.InvariantCulture, $"keepalived is ready on {ready} of {wanted} nodes");
        return ready > 0
            ? new(ClusterContract.KeepalivedReady, true, "Deployed", ready < wanted ? count : "")
            : new(
                ClusterContract.KeepalivedReady, false, "NotDeployed",
                wanted == 0 && status?.ObservedGeneration == daemons.Metadata.Generation
                    ? "no node matches spec.clusterEndpoint.keepalived.nodeSelector and is of the control plane"
                    : count);
    }

    // Within one second the names decide: a reader of the two objects can tell which one it is.
    private static bool IsOlder(DpuCluster a, DpuCluster b) => (a.Metadata.CreationTimestamp, b.Metadata.CreationTimestamp) is ({ } x, { } y) && x != y
        ? x < y
        : string.CompareOrdinal(QualifiedName(a), QualifiedName(b)) < 0;

    private static string QualifiedName(DpuCluster cluster) => $"{cluster.Metadata.NamespaceProperty}/{cluster.Metadata.Name}";

    private static V1PodSpec Pod(DpuCluster cluster, Keepalived keepalived, int port, KeepalivedImage image) => new()
    {
        HostNetwork = true,
        DnsPolicy = "ClusterFirstWithHostNet",
        NodeSelector = keepalived.NodeSelector is { Count: > 0 } selector ? selector : null,
        Affinity = KamajiObjects.ControlPlaneAffinity(),
        Tolerations = KamajiObjects.ControlPlaneTolerations(),
        ImagePullSecrets = image.PullSecrets.Count > 0 ? [.. image.PullSecrets.Select(s => new V1LocalObjectReference { Name = s })] : null,
        TerminationGracePeriodSeconds = 10,
        Containers =
        [
            new V1Container
            {
                Name = "keepalived",
                Image = image.Image,
                Command = ["dpf", "run", "keepalived"],
                Args =
                [
                    $"--config={ConfigurationFolder}/{ConfigurationFile}",
                    string.Create(CultureInfo.InvariantCulture, $"--check=https://$(NODE_IP):{port}/healthz"),
                ],
                Env = [FromField("NODE_IP", "status.hostIP"), FromField("POD_NAME", "metadata.name")],
                SecurityContext = new V1SecurityContext
                {
                    Capabilities = new V1Capabilities { Add = ["NET_ADMIN", "NET_BROADCAST", "NET_RAW"] },
                },
                Resources = new V1ResourceRequirements
                {
                    Requests = new Dictionary<string, ResourceQuantity> { ["cpu"] = new("5m"), ["memory"] = new("64Mi") },
                    Limits = new Dictionary<string, ResourceQuantity> { ["memory"] = new("512Mi") },
                },
                VolumeMounts = [new V1VolumeMount { Name = "configuration", MountPath = ConfigurationFolder }],
            },
        ],
        Volumes = [new V1Volume { Name = "configuration", ConfigMap = new V1ConfigMapVolumeSource { Name = Name(cluster) } }],
    };

    private static V1EnvVar FromField(string name, string path) => new()
    {
        Name = name,
        ValueFrom = new V1EnvVarSource { FieldRef = new V1ObjectFieldSelector { FieldPath = path } },
    };
}
