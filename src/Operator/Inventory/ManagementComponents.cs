using System.Globalization;
using System.Text.Json.Nodes;

namespace Dpf.Operator.Inventory;

/// <summary>The components that run in the management cluster: their manifests with the configuration's edits.</summary>
internal static class ManagementComponents
{
    private const string ManifestNamespace = "dpf-operator-system";

    private static readonly string[] Unnamespaced =
        ["ClusterRole", "ClusterRoleBinding", "ValidatingWebhookConfiguration", "MutatingWebhookConfiguration"];

    private static readonly string[] ControlPlaneLabels =
        ["node-role.kubernetes.io/master", "node-role.kubernetes.io/control-plane"];

    public static IReadOnlyList<JsonObject> KamajiClusterManager(SystemSettings settings, ReleaseDefaults release)
    {
        var objects = Controller(settings, release, "kamaji-cluster-manager", "kamajiClusterManager");
        var container = PodSpec(objects, "Deployment")["containers"]![0]!;

        // What keeps a cluster's virtual address comes from the manager's own image.
        var arguments = container["args"]!.AsArray();
        arguments.Add($"--keepalived-image={(string?)container["image"]}");
        if (settings.ImagePullSecrets is { Count: > 0 } secrets)
        {
            arguments.Add("--image-pull-secrets=" + string.Join(',', secrets));
        }

        return objects;
    }

    public static IReadOnlyList<JsonObject> StaticClusterManager(SystemSettings settings, ReleaseDefaults release) =>
        Controller(settings, release, "static-cluster-manager", "staticClusterManager");

    public static IReadOnlyList<JsonObject> DpuServiceController(SystemSettings settings, ReleaseDefaults release) =>
        Controller(settings, release, "dpuservice-controller", "dpuServiceController");

    public static IReadOnlyList<JsonObject> ProvisioningController(SystemSettings settings, ReleaseDefaults release)
    {
        var objects = Controller(settings, release, "provisioning-controller", "provisioningController");
        var spec = PodSpec(objects, "Deployment");
        spec["volumes"]!.AsArray().Single(v => (string?)v!["name"] == "bfb-volume")!["persistentVolumeClaim"]!["claimName"] =
            settings.BfbVolumeClaim;
        var arguments = spec["containers"]![0]!["args"]!.AsArray();
        arguments.Add($"--bfb-pvc={settings.BfbVolumeClaim}");
        arguments.Add($"--dms-image={release.HostDriverImage}");
        arguments.Add($"--hostnetwork-image={release.HostDriverImage}");
        if (settings.ImagePullSecrets is { Count: > 0 } secrets)
        {
            arguments.Add("--image-pull-secrets=" + string.Join(',', secrets));
        }

        if (settings.DmsTimeoutSeconds is { } seconds)
        {
            arguments.Add(string.Create(CultureInfo.InvariantCulture, $"--dms-timeout={seconds}"));
        }

        if (release.CloudInitTimeout is { Length: > 0 } timeout)
        {
            spec["containers"]![0]!["env"] = new JsonArray(new JsonObject { ["name"] = "CLOUD_INIT_TIMEOUT", ["value"] = timeout });
        }

        return [.. objects, .. Read("dpu-flavor", settings)];
    }

    public static IReadOnlyList<JsonObject> DpuDetector(SystemSettings settings, ReleaseDefaults release)
    {
        var objects = Read("dpu-detector", settings);
        var spec = PodSpec(objects, "DaemonSet");
        SetImage(spec, settings.Component("dpuDetector").Image ?? release.HostDriverImage, settings);
        if (settings.CollectsPsid)
        {
            spec["containers"]![0]!["args"]!.AsArray().Add("--collector.PSID=true");
        }

        return objects;
    }

    private static List<JsonObject> Controller(SystemSettings settings, ReleaseDefaults release, string name, string field)
    {
        var objects = Read(name, settings);
        var spec = PodSpec(objects, "Deployment");
        SetImage(spec, settings.Component(field).Image ?? release.DpfSystemImage, settings);
        spec["affinity"] = new JsonObject
        {
            ["nodeAffinity"] = new JsonObject
            {
                ["requiredDuringSchedulingIgnoredDuringExecution"] = new JsonObject
                {
                    ["nodeSelectorTerms"] = new JsonArray([.. ControlPlaneLabels.Select(label => new JsonObject
                    {
                        ["matchExpressions"] = new JsonArray(new JsonObject { ["key"] = label, ["operator"] = "Exists" }),
                    })]),
                },
            },
        };
        spec["tolerations"] = new JsonArray([.. ControlPlaneLabels.Select(label => new JsonObject
        {
            ["key"] = label, ["operator"] = "Exists", ["effect"] = "NoSchedule",
        })]);
        return objects;
    }

    private static void SetImage(JsonObject spec, string image, SystemSettings settings)
    {
        spec["containers"]![0]!["image"] = image;
        if (settings.ImagePullSecrets is { } secrets)
        {
            spec["imagePullSecrets"] = new JsonArray([.. secrets.Select(s => new JsonObject { ["name"] = s })]);
        }
    }

    private static JsonObject PodSpec(IEnumerable<JsonObject> objects, string kind) =>
        objects.Single(o => (string?)o["kind"] == kind)["spec"]!["template"]!["spec"]!.AsObject();

    /// <summary>The objects of a manifest, in the configuration's namespace.</summary>
    private static List<JsonObject> Read(string name, SystemSettings settings)
    {
        using var stream = typeof(ManagementComponents).Assembly.GetManifestResourceStream(name + ".yaml")
            ?? throw new InvalidOperationException($"the manifest {name}.yaml is not part of this program");
        using var reader = new StreamReader(stream);

        // Subjects, webhooks and certificates name the namespace too.
        var text = reader.ReadToEnd().Replace(ManifestNamespace, settings.Namespace, StringComparison.Ordinal);
        var objects = Runtime.Clusters.Manifests.Parse(text, name + ".yaml").ToList();
        foreach (var value in objects.Where(o => !Unnamespaced.Contains((string)o["kind"]!)))
        {
            value["metadata"]!["namespace"] = settings.Namespace;
        }

        return objects;
    }
}
