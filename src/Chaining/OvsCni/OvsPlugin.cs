using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using Dpf.Chaining.Cni;
using Dpf.Chaining.Switching;
using Dpf.Runtime.Machines;

namespace Dpf.Chaining.OvsCni;

/// <summary>Attaches pods to bridges: a device of the DPU moves into the pod and its representor becomes the port, else a veth does.</summary>
internal sealed class OvsPlugin(IMachine machine, NodeSwitch ovs)
{
    private const string State = "/var/lib/cni/ovs-cni";
    private readonly PluginCaller _plugins = new(machine);
    private readonly SemaphoreSlim _one = new(1);

    /// <summary>Answers a runtime.</summary>
    public async Task<JsonObject?> AnswerAsync(CniCall call, CancellationToken cancellation)
    {
        await _one.WaitAsync(cancellation);
        try
        {
            return call.Command switch
            {
                "ADD" => await AddAsync(call, cancellation),
                "DEL" => await DeleteAsync(call, cancellation),
                _ => null,
            };
        }
        finally
        {
            _one.Release();
        }
    }

    private string Folder => machine.Path(State);

    private async Task<JsonObject?> AddAsync(CniCall call, CancellationToken cancellation)
    {
        await ovs.Client.WaitUntilSyncedAsync(cancellation);
        var bridge = (string?)call.Config["bridge"] ?? throw new CniException(7, $"network {(string?)call.Config["name"]}: bridge is missing");
        if (!ovs.View.Bridges.Contains(bridge))
        {
            throw new CniException(11, $"there is no bridge {bridge} on {machine.HostName} yet");
        }

        var device = (string?)call.Config["deviceID"];
        if (device is null && (call.Interface.EndsWith("_sf", StringComparison.Ordinal) || call.Interface.EndsWith("_if", StringComparison.Ordinal)))
        {
            throw new CniException(7, $"{call.Interface} is an interface of a service: its network needs a resource that gives a device");
        }

        var mtu = (int?)call.Config["mtu"];
        var port = device is null ? "veth" + Hash(call) : DeviceNames.Representor(machine, device);
        var attachment = new Attachment(
            call.ContainerId, call.Interface, call.Namespace, bridge, port, $"{call.PodNamespace}/{call.PodName}/{call.Interface}",
            (string?)call.Config["interface_type"] ?? "", mtu, (int?)call.Config["vlan"], device);
        Directory.CreateDirectory(Folder);
        await File.WriteAllTextAsync(Path.Combine(Folder, attachment.FileName), JsonSerializer.Serialize(attachment), cancellation);
        await MoveAsync(call, port, device, mtu, cancellation);
        await ovs.ApplyAsync(Attachment.Rows(Attachment.Load(Folder), ovs.View), cancellation);

        JsonObject? addresses = null;
        if ((string?)call.Config["ipam"]?["type"] is { Length: > 0 } type)
        {
            addresses = await _plugins.PluginAsync(call, type, cancellation);
            await ConfigureAsync(call, addresses, cancellation);
        }

        var link = JsonNode.Parse(await InPodAsync(call, cancellation, "ip", "-j", "link", "show", "dev", call.Interface))!;
        var mac = (string?)link[0]?["address"] ?? "";
        return new JsonObject
        {
            ["cniVersion"] = call.Version,
            ["interfaces"] = new JsonArray(
                new JsonObject { ["name"] = port },
                new JsonObject { ["name"] = call.Interface, ["mac"] = mac, ["sandbox"] = call.Namespace }),
            ["ips"] = Inside(addresses?["ips"]),
            ["routes"] = addresses?["routes"]?.DeepClone() ?? new JsonArray(),
            ["dns"] = new JsonObject(),
        };
    }

    private async Task<JsonObject?> DeleteAsync(CniCall call, CancellationToken cancellation)
    {
        if ((string?)call.Config["ipam"]?["type"] is { Length: > 0 } type)
        {
            await _plugins.PluginAsync(call, type, cancellation);
        }

        var attachment = Attachment.Load(Folder).FirstOrDefault(a => a.Container == call.ContainerId && a.Interface == call.Interface);
        if (attachment is null)
        {
            return null;
        }

        File.Delete(Path.Combine(Folder, attachment.FileName));
        await ovs.Client.WaitUntilSyncedAsync(cancellation);
        await ovs.ApplyAsync(Attachment.Rows(Attachment.Load(Folder), ovs.View), cancellation);
        if (attachment.Device is null)
        {
            await machine.RunAsync(new MachineCommand("ip", "link", "del", attachment.Port), cancellation);
        }
        else if (call.Namespace.Length > 0)
        {
            // Back to the machine under a name that is free there; it is found by its device again.
            await machine.RunAsync(
                new MachineCommand("ip", "link", "set", attachment.Interface, "name", "sf" + Hash(call)) { NetworkNamespace = call.Namespace },
                cancellation);
            await machine.RunAsync(
                new MachineCommand("ip", "link", "set", "sf" + Hash(call), "netns", "1") { NetworkNamespace = call.Namespace }, cancellation);
        }

        return null;
    }

    private async Task MoveAsync(CniCall call, string port, string? device, int? mtu, CancellationToken cancellation)
    {
        var inside = device is null ? "p" + port : DeviceNames.Netdev(machine, device);
        if (device is null)
        {
            // A call that is repeated starts over.
            await machine.RunAsync(new MachineCommand("ip", "link", "del", port), cancellation);
            await machine.ExecuteAsync(cancellation, "ip", "link", "add", port, "type", "veth", "peer", "name", inside);

            // The switch's userspace datapath completes no checksums.
            await machine.RunAsync(new MachineCommand("ethtool", "-K", inside, "tx", "off"), cancellation);
        }

        if (mtu is { } size)
        {
            await machine.ExecuteAsync(cancellation, "ip", "link", "set", inside, "mtu", Text(size));
            await machine.ExecuteAsync(cancellation, "ip", "link", "set", port, "mtu", Text(size));
        }

        await machine.ExecuteAsync(cancellation, "ip", "link", "set", inside, "netns", call.Namespace);
        await InPodAsync(call, cancellation, "ip", "link", "set", inside, "name", call.Interface);
        await InPodAsync(call, cancellation, "ip", "link", "set", call.Interface, "up");
        await machine.ExecuteAsync(cancellation, "ip", "link", "set", port, "up");
    }

    private async Task ConfigureAsync(CniCall call, JsonObject? result, CancellationToken cancellation)
    {
        foreach (var ip in result?["ips"] as JsonArray ?? [])
        {
            await InPodAsync(call, cancellation, "ip", "addr", "replace", (string)ip!["address"]!, "dev", call.Interface);
        }

        foreach (var route in result?["routes"] as JsonArray ?? [])
        {
            var gateway = (string?)route!["gw"] ?? (string?)(result?["ips"] as JsonArray)?.FirstOrDefault()?["gateway"];
            string[] via = gateway is null ? [] : ["via", gateway];
            await InPodAsync(call, cancellation, ["ip", "route", "replace", (string)route["dst"]!, .. via, "dev", call.Interface]);
        }
    }

    private async Task<string> InPodAsync(CniCall call, CancellationToken cancellation, params IReadOnlyList<string> arguments)
    {
        var command = new MachineCommand(arguments) { NetworkNamespace = call.Namespace };
        var result = await machine.RunAsync(command, cancellation);
        return result.Succeeded ? result.Output : throw new MachineCommandException(machine.HostName, command, result);
    }

    private static JsonArray Inside(JsonNode? ips)
    {
        var list = ips?.DeepClone() as JsonArray ?? [];
        foreach (var ip in list)
        {
            ip!["interface"] = 1;
        }

        return list;
    }

    private static string Text(int number) => number.ToString(System.Globalization.CultureInfo.InvariantCulture);

    private static string Hash(CniCall call) =>
        Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes($"{call.ContainerId}/{call.Interface}")))[..8];
}
