using System.Text.Json.Nodes;
using Dpf.Runtime.Clusters;
using Dpf.Runtime.Hosting;
using Microsoft.Extensions.Logging;

namespace Dpf.Lab.Addons.Features;

/// <summary>Tells what a node has: its PCI network devices and the labels that others leave in <c>features.d</c>.</summary>
internal sealed class FeatureWorkerComponent : IComponent
{
    private static readonly TimeSpan Interval = TimeSpan.FromMilliseconds(500);

    /// <inheritdoc />
    public async Task RunAsync(ComponentContext context, CancellationToken cancellation)
    {
        using var client = context.InCluster();
        var (node, ns) = (AddonHost.Node(context), AddonHost.Namespace(context));
        var logger = context.Loggers.CreateLogger("nfd-worker");
        var folder = context.Option("features-d", "/etc/kubernetes/node-feature-discovery/features.d")!;
        var sent = "";
        while (true)
        {
            var feature = Feature(context, folder, node, ns);
            var text = feature.ToJsonString();
            if (text != sent)
            {
                try
                {
                    await client.ApplyAsync(feature, "nfd-worker", cancellation);
                    logger.LogInformation("node {Node}: {Features}", node, feature["spec"]!["labels"]!.ToJsonString());
                    sent = text;
                }
                catch (Exception e) when (e is KubeException or HttpRequestException or TimeoutException)
                {
                    logger.LogWarning("node {Node}: {Message}; again soon", node, e.Message);
                }
            }

            await Task.Delay(Interval, context.Time, cancellation);
        }
    }

    private static JsonObject Feature(ComponentContext context, string folder, string node, string ns)
    {
        var labels = new SortedDictionary<string, string>(StringComparer.Ordinal);
        var elements = new JsonArray();
        foreach (var (vendor, device, type) in Devices(context.Machine.Path("/sys/bus/pci/devices")))
        {
            labels[$"pci-{type}_{vendor}_{device}.present"] = "true";
            elements.Add(new JsonObject
            {
                ["attributes"] = new JsonObject { ["class"] = type, ["vendor"] = vendor, ["device"] = device },
            });
        }

        var local = context.Machine.Path(folder);
        foreach (var file in Directory.Exists(local) ? Directory.GetFiles(local).Where(f => Path.GetFileName(f)[0] != '.').Order() : Enumerable.Empty<string>())
        {
            foreach (var (name, value) in FeatureLabels.Parse(File.ReadAllText(file)))
            {
                labels[name] = value;
            }
        }

        return new JsonObject
        {
            ["apiVersion"] = "nfd.k8s-sigs.io/v1alpha1",
            ["kind"] = "NodeFeature",
            ["metadata"] = new JsonObject
            {
                ["name"] = node,
                ["namespace"] = ns,
                ["labels"] = new JsonObject { ["nfd.node.kubernetes.io/node-name"] = node },
            },
            ["spec"] = new JsonObject
            {
                ["labels"] = new JsonObject(labels.Select(l => KeyValuePair.Create(l.Key, (JsonNode?)l.Value))),
                ["features"] = new JsonObject
                {
                    ["attributes"] = new JsonObject(),
                    ["flags"] = new JsonObject(),
                    ["instances"] = new JsonObject { ["pci.device"] = new JsonObject { ["elements"] = elements } },
                },
            },
        };
    }

    private static IEnumerable<(string Vendor, string Device, string Class)> Devices(string folder)
    {
        if (!Directory.Exists(folder))
        {
            return [];
        }

        return Directory.EnumerateFileSystemEntries(folder).Order(StringComparer.Ordinal)
            .Select(d => (Vendor: Hex(d, "vendor"), Device: Hex(d, "device"), Class: Hex(d, "class")))
            .Where(d => d.Vendor.Length > 0 && (d.Class.Length == 0 || d.Class.StartsWith("0200", StringComparison.Ordinal)))
            .Select(d => (d.Vendor, d.Device, "0200")).Distinct();
    }

    private static string Hex(string device, string file)
    {
        var path = Path.Combine(device, file);
        if (!File.Exists(path))
        {
            return "";
        }

        var text = File.ReadAllText(path).Trim();
        return text.StartsWith("0x", StringComparison.Ordinal) ? text[2..] : text;
    }
}
