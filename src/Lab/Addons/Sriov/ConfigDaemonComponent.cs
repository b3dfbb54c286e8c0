using System.Text.Json.Nodes;
using Dpf.Runtime.Clusters;
using Dpf.Runtime.Hosting;
using Microsoft.Extensions.Logging;

namespace Dpf.Lab.Addons.Sriov;

/// <summary>
/// Reports a node's NICs as its SriovNetworkNodeState. Functions of an externally managed policy are somebody else's: it makes none.
/// </summary>
internal sealed class ConfigDaemonComponent : IComponent
{
    private static readonly TimeSpan Interval = TimeSpan.FromSeconds(1);

    /// <inheritdoc />
    public async Task RunAsync(ComponentContext context, CancellationToken cancellation)
    {
        using var client = context.InCluster();
        var (node, ns) = (AddonHost.Node(context), AddonHost.Namespace(context));
        var logger = context.Loggers.CreateLogger("sriov-config-daemon");
        var sent = "";
        while (true)
        {
            var interfaces = Interfaces(context.Machine.Path("/sys"));
            if (interfaces.ToJsonString() is var text && text != sent)
            {
                try
                {
                    await ReportAsync(client, ns, node, interfaces, cancellation);
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

    private static async Task ReportAsync(KubeClient client, string ns, string node, JsonArray interfaces, CancellationToken cancellation)
    {
        await client.ApplyAsync(
            new JsonObject
            {
                ["apiVersion"] = "sriovnetwork.openshift.io/v1",
                ["kind"] = "SriovNetworkNodeState",
                ["metadata"] = new JsonObject { ["name"] = node, ["namespace"] = ns },
                ["spec"] = new JsonObject(),
            },
            "sriov-config-daemon", cancellation);
        await client.PatchStatusAsync<SriovNetworkNodeState>(
            ns, node,
            new JsonObject { ["status"] = new JsonObject { ["interfaces"] = interfaces.DeepClone(), ["syncStatus"] = "Succeeded" } }, cancellation);
    }

    private static JsonArray Interfaces(string sys)
    {
        var list = new JsonArray();
        var folder = Path.Combine(sys, "class/net");
        foreach (var device in Directory.Exists(folder) ? Directory.GetFileSystemEntries(folder).Order(StringComparer.Ordinal) : Enumerable.Empty<string>())
        {
            var name = Path.GetFileName(device);
            if (SysTree.DeviceOf(sys, name) is not { } pci || !File.Exists(Path.Combine(pci, "sriov_totalvfs")))
            {
                continue;
            }

            list.Add(new JsonObject
            {
                ["name"] = name,
                ["pciAddress"] = SysTree.AddressBehind(Path.Combine(device, "device")),
                ["vendor"] = Read(pci, "vendor").Replace("0x", "", StringComparison.Ordinal),
                ["deviceID"] = Read(pci, "device").Replace("0x", "", StringComparison.Ordinal),
                ["totalvfs"] = int.TryParse(Read(pci, "sriov_totalvfs"), out var total) ? total : 0,
                ["numVfs"] = int.TryParse(Read(pci, "sriov_numvfs"), out var count) ? count : 0,
                ["externallyManaged"] = true,
                ["linkType"] = "ETH",
                ["mac"] = Read(device, "address"),
            });
        }

        return list;
    }

    private static string Read(string folder, string file) =>
        Path.Combine(folder, file) is var path && File.Exists(path) ? File.ReadAllText(path).Trim() : "";
}
