using Dpf.Lab.Fabric;
using Dpf.Lab.Machines;
using Dpf.Runtime.Machines;
using Microsoft.Extensions.Logging;
using YamlDotNet.RepresentationModel;

namespace Dpf.Lab.BlueField;

/// <summary>
/// The part of netplan that a DPU's configuration uses: bridges over devices that may come later, and DHCP on them.
/// </summary>
internal sealed class DpuNetplan(Machine machine, TimeProvider time, ILogger logger)
{
    private readonly Dictionary<string, IMachineProcess> _clients = new(StringComparer.Ordinal);

    public async Task RunAsync(CancellationToken cancellation)
    {
        try
        {
            while (!cancellation.IsCancellationRequested)
            {
                try
                {
                    foreach (var (bridge, members, dhcp) in Bridges())
                    {
                        await ApplyAsync(bridge, members, dhcp, cancellation);
                    }
                }
                catch (Exception e) when (e is IOException or MachineCommandException or YamlDotNet.Core.YamlException && !cancellation.IsCancellationRequested)
                {
                    logger.LogWarning("netplan: {Message}", e.Message);
                }

                await Task.Delay(TimeSpan.FromMilliseconds(200), time, cancellation);
            }
        }
        finally
        {
            foreach (var client in _clients.Values)
            {
                await client.DisposeAsync();
            }
        }
    }

    private IEnumerable<(string Bridge, IReadOnlyList<string> Members, bool Dhcp)> Bridges()
    {
        var folder = machine.Path("/etc/netplan");
        foreach (var file in Directory.Exists(folder) ? Directory.EnumerateFiles(folder, "*.yaml").Order(StringComparer.Ordinal) : Enumerable.Empty<string>())
        {
            var stream = new YamlStream();
            stream.Load(new StringReader(File.ReadAllText(file)));
            if (stream.Documents.Count == 0 || Child(stream.Documents[0].RootNode, "network", "bridges") is not YamlMappingNode bridges)
            {
                continue;
            }

            foreach (var (name, node) in bridges.Children)
            {
                // Open vSwitch's own bridges are made by the flavor's script.
                if (Child(node, "openvswitch") is null)
                {
                    yield return (
                        ((YamlScalarNode)name).Value!,
                        Child(node, "interfaces") is YamlSequenceNode list ? [.. list.Children.Select(c => ((YamlScalarNode)c).Value!)] : [],
                        Child(node, "dhcp4") is YamlScalarNode { Value: "yes" or "true" });
                }
            }
        }
    }

    private static YamlNode? Child(YamlNode? node, params ReadOnlySpan<string> path)
    {
        foreach (var step in path)
        {
            node = node is YamlMappingNode map && map.Children.TryGetValue(step, out var child) ? child : null;
        }

        return node;
    }

    private async Task ApplyAsync(string bridge, IReadOnlyList<string> members, bool dhcp, CancellationToken cancellation)
    {
        if (_clients.ContainsKey(bridge) || !members.All(m => Directory.Exists(machine.Path("/sys/class/net/" + m))))
        {
            return;
        }

        // The bridge takes its first port's address, which is what DHCP knows it by.
        var lines = members.Select(m => $"ip link set {m} master {bridge} up");
        await machine.ExecuteAsync(
            cancellation, "bash", "-ec",
            $"ip link show {bridge} >/dev/null 2>&1 || ip link add {bridge} address \"$(cat /sys/class/net/{members[0]}/address)\" type bridge forward_delay 0; " +
            string.Join("; ", lines) + $"; ip link set {bridge} up; ethtool -K {bridge} tx off >/dev/null");
        _clients[bridge] = dhcp ? DhcpClient.Start(machine, bridge, defaultRoute: true) : machine.Start(new MachineCommand("true"));
    }
}
