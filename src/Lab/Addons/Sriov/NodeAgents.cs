using System.Text.Json.Nodes;
using Dpf.Api.Schemas;
using Dpf.Lab.Addons.Multus;

namespace Dpf.Lab.Addons.Sriov;

/// <summary>The DaemonSets and the configuration that the network operator deploys: pure.</summary>
internal static class NodeAgents
{
    private const string WorkerLabel = "node-role.kubernetes.io/worker";

    /// <summary>Multus on every node.</summary>
    public static JsonObject Multus(string ns, JsonNode multus)
    {
        var image = $"{(string?)multus["repository"]}/{(string?)multus["image"]}:{(string?)multus["version"]}";
        var daemons = DaemonSet("kube-multus-ds", ns, "kube-multus", image, ["dpf", "run", "kube-multus"], null, null, null);

        // A node whose Multus is taken away has its default network again; one that only reboots keeps the configuration, so that no pod
        // starts without its attachments.
        daemons["spec"]!["template"]!["spec"]!["containers"]![0]!["lifecycle"] = new JsonObject
        {
            ["preStop"] = new JsonObject
            {
                ["exec"] = new JsonObject { ["command"] = new JsonArray("sh", "-c", KubeMultusComponent.Leave) },
            },
        };
        return daemons;
    }

    /// <summary>The daemon that reports NICs, on workers unless the configuration says otherwise.</summary>
    public static JsonObject ConfigDaemon(string ns, string image, JsonObject? selector) =>
        DaemonSet("sriov-network-config-daemon", ns, "sriov-network-config-daemon", image, ["dpf", "run", "sriov-config-daemon"],
            selector ?? new JsonObject { [WorkerLabel] = "" }, null, null);

    /// <summary>The device plugin on the nodes that any policy selects.</summary>
    public static JsonObject DevicePlugin(string ns, string image, IEnumerable<Anything> policies)
    {
        var terms = new JsonArray([.. policies.Select(p => p["nodeSelector"]).OfType<JsonObject>().Where(s => s.Count > 0)
            .Select(s => s.ToJsonString()).Distinct().Select(s => (JsonNode)new JsonObject
            {
                ["matchExpressions"] = new JsonArray([.. JsonNode.Parse(s)!.AsObject().Select(p => (JsonNode)new JsonObject
                {
                    ["key"] = p.Key,
                    ["operator"] = "In",
                    ["values"] = new JsonArray((string?)p.Value ?? ""),
                })]),
            })]);
        var affinity = terms.Count == 0 ? null : new JsonObject
        {
            ["nodeAffinity"] = new JsonObject
            {
                ["requiredDuringSchedulingIgnoredDuringExecution"] = new JsonObject { ["nodeSelectorTerms"] = terms },
            },
        };
        return DaemonSet("sriov-device-plugin", ns, "sriov-device-plugin", image,
            ["dpf", "run", "sriov-network-device-plugin", "--config-file=/etc/pcidp/config.json"], null, affinity, "device-plugin-config");
    }

    /// <summary>The device plugin's configuration: one pool for each resource name.</summary>
    public static JsonObject DevicePluginConfig(string ns, string prefix, IEnumerable<Anything> policies)
    {
        var list = new JsonArray([.. policies.GroupBy(p => (string)p["resourceName"]!).OrderBy(g => g.Key, StringComparer.Ordinal)
            .Select(group => (JsonNode)new JsonObject
            {
                ["resourceName"] = group.Key,
                ["resourcePrefix"] = prefix,
                ["selectors"] = new JsonObject
                {
                    ["pfNames"] = new JsonArray([.. group.SelectMany(p => p["nicSelector"]?["pfNames"]?.AsArray() ?? [])
                        .Select(n => (string)n!).Distinct().Order(StringComparer.Ordinal).Select(n => (JsonNode)n)]),
                },
            })]);
        return new JsonObject
        {
            ["apiVersion"] = "v1",
            ["kind"] = "ConfigMap",
            ["metadata"] = new JsonObject { ["name"] = "device-plugin-config", ["namespace"] = ns },
            ["data"] = new JsonObject { ["config.json"] = new JsonObject { ["resourceList"] = list }.ToJsonString() },
        };
    }

    private static JsonObject DaemonSet(
        string name, string ns, string app, string image, string[] command, JsonObject? nodeSelector, JsonObject? affinity, string? configMap)
    {
        var container = new JsonObject
        {
            ["name"] = app,
            ["image"] = image,
            ["command"] = new JsonArray([.. command.Select(c => (JsonNode)c)]),
            ["env"] = new JsonArray(Field("NODE_NAME", "spec.nodeName"), Field("POD_NAMESPACE", "metadata.namespace")),
            ["securityContext"] = new JsonObject { ["privileged"] = true },
        };
        var spec = new JsonObject
        {
            ["serviceAccountName"] = "network-operator",
            ["hostNetwork"] = true,
            ["priorityClassName"] = "system-node-critical",
            ["terminationGracePeriodSeconds"] = 5,
            ["tolerations"] = new JsonArray(new JsonObject { ["operator"] = "Exists" }),
            ["containers"] = new JsonArray(container),
        };
        if (nodeSelector is not null)
        {
            spec["nodeSelector"] = nodeSelector.DeepClone();
        }

        if (affinity is not null)
        {
            spec["affinity"] = affinity;
        }

        if (configMap is not null)
        {
            container["volumeMounts"] = new JsonArray(new JsonObject { ["name"] = "config", ["mountPath"] = "/etc/pcidp" });
            spec["volumes"] = new JsonArray(new JsonObject { ["name"] = "config", ["configMap"] = new JsonObject { ["name"] = configMap } });
        }

        return new JsonObject
        {
            ["apiVersion"] = "apps/v1",
            ["kind"] = "DaemonSet",
            ["metadata"] = new JsonObject { ["name"] = name, ["namespace"] = ns, ["labels"] = new JsonObject { ["app"] = app } },
            ["spec"] = new JsonObject
            {
                ["selector"] = new JsonObject { ["matchLabels"] = new JsonObject { ["app"] = app } },
                ["updateStrategy"] = new JsonObject
                {
                    ["type"] = "RollingUpdate",
                    ["rollingUpdate"] = new JsonObject { ["maxUnavailable"] = "33%" },
                },
                ["template"] = new JsonObject
                {
                    ["metadata"] = new JsonObject { ["labels"] = new JsonObject { ["app"] = app, ["component"] = "network" } },
                    ["spec"] = spec,
                },
            },
        };
    }

    private static JsonObject Field(string name, string path) => new()
    {
        ["name"] = name,
        ["valueFrom"] = new JsonObject { ["fieldRef"] = new JsonObject { ["fieldPath"] = path } },
    };
}
