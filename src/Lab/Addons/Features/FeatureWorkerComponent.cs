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
        var (sent, devices) = ("", new Dictionary<string, PciDevice>(StringComparer.Ordinal));
        while (true)
        {
            var feature = Feature(context, Devices(context.Machine.Path("/sys/bus/pci/devices"), devices), folder, node, ns);
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

    private static JsonObject Feature(
        ComponentContext context, IEnumerable<PciDevice> devices, string folder, string node, string ns)
    {
        var labels = new SortedDictionary<string, string>(StringComparer.Ordinal);
        var elements = new JsonArray();
        foreach (var (vendor, device, type) in devices)
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

    /// <summary>The network devices; what a device is does not change, and each is read once it tells all of it.</summary>
    private static IEnumerable<PciDevice> Devices(string folder, Dictionary<string, PciDevice> known)
    {
        var paths = Directory.Exists(folder) ? Directory.GetFileSystemEntries(folder) : [];
        foreach (var gone in known.Keys.Except(paths).ToList())
        {
            known.Remove(gone);
        }

        return paths.Order(StringComparer.Ordinal).Select(Read)
            .Where(d => d.Vendor.Length > 0 && (d.Class.Length == 0 || d.Class.StartsWith("0200", StringComparison.Ordinal)))
            .Select(d => d with { Class = "0200" }).Distinct();

        PciDevice Read(string path)
        {
            if (!known.TryGetValue(path, out var device))
            {
                device = new PciDevice(Hex(path, "vendor"), Hex(path, "device"), Hex(path, "class"));
                if (device is { Vendor.Length: > 0, Device.Length: > 0, Class.Length: > 0 })
                {
                    known[path] = device;
                }
            }

            return device;
        }
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

    private sealed record PciDevice(string Vendor, string Device, string Class);
}
