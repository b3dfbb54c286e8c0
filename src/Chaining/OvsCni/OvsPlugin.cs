using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using Dpf.Chaining.Cni;
using Dpf.Chaining.Switching;
using Dpf.Runtime.Addressing;
using Dpf.Runtime.Machines;
using Dpf.Runtime.Netlink;

namespace Dpf.Chaining.OvsCni;

/// <summary>Attaches pods to bridges: a device of the DPU moves into the pod and its representor becomes the port, else a veth does.</summary>
internal sealed class OvsPlugin(IMachine machine, NodeSwitch ovs)
{
    private const string State = "/var/lib/cni/ovs-cni";
    private const int DefaultMtu = 1500;
    private readonly PluginCaller _plugins = new(machine);
    private readonly KernelNetwork _kernel = new(machine);
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
            (string?)call.Config["interface_type"] ?? "", mtu, (int?)call.Config["vlan"], device,
            VlanTrunk.Parse(call.Config["trunk"]), (int?)call.Config["ofport_request"]);
        WholeFile.Write(Path.Combine(Folder, attachment.FileName), JsonSerializer.Serialize(attachment));
        await MoveAsync(call, port, device, mtu, cancellation);
        await ovs.ApplyAsync(Attachment.Rows(Attachment.Load(Folder), ovs.View), cancellation);

        JsonObject? addresses = null;
        if ((string?)call.Config["ipam"]?["type"] is { Length: > 0 } type)
        {
            addresses = await _plugins.PluginAsync(call, type, cancellation);
            await ConfigureAsync(call, addresses, cancellation);
        }

        var mac = In(call).Find(call.Interface)?.Mac ?? "";
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

        var all = Attachment.Load(Folder);
        var attachment = all.FirstOrDefault(a => a.Container == call.ContainerId && a.Interface == call.Interface);
        if (attachment is null)
        {
            return null;
        }

        await ovs.Client.WaitUntilSyncedAsync(cancellation);
        await ovs.ApplyAsync(Attachment.Rows(all.Where(a => a != attachment), ovs.View), cancellation);
        if (attachment.Device is null)
        {
            await DeleteAsync(attachment.Port, cancellation);
        }
        else if (call.Namespace.Length > 0 && File.Exists(machine.Path(call.Namespace)) && In(call).Has(attachment.Interface))
        {
            // Back to the machine under a name that is free there; it is found by its device again.
            await In(call).ApplyAsync(
                cancellation, new SetLink(attachment.Interface) { NewName = "sf" + Hash(call), IsUp = false, Namespace = machine.Network });
        }

        // Last: what failed half-way is done again when the runtime asks again.
        File.Delete(Path.Combine(Folder, attachment.FileName));
        return null;
    }

    private async Task MoveAsync(CniCall call, string port, string? device, int? mtu, CancellationToken cancellation)
    {
        var (inside, sandbox) = (device is null ? "p" + port : DeviceNames.Netdev(machine, device), In(call));
        if (device is null)
        {
            // A call that is repeated starts over.
            await DeleteAsync(port, cancellation);
            await _kernel.ApplyAsync(cancellation, new AddVeth(port, inside, null, mtu ?? DefaultMtu));

            // The switch's userspace datapath completes no checksums.
            _kernel.CompleteChecksums(inside);
        }

        await _kernel.ApplyAsync(
            cancellation,
            new SetLink(inside) { NewName = call.Interface, Mtu = mtu, IsUp = true, Namespace = sandbox.Namespace },
            new SetLink(port) { Mtu = mtu, IsUp = true });
    }

    private async Task ConfigureAsync(CniCall call, JsonObject? result, CancellationToken cancellation)
    {
        var changes = new List<NetworkChange>();
        foreach (var ip in result?["ips"] as JsonArray ?? [])
        {
            changes.Add(new SetAddress(Cidr.Parse((string)ip!["address"]!), call.Interface));
        }

        foreach (var route in result?["routes"] as JsonArray ?? [])
        {
            var gateway = (string?)route!["gw"] ?? (string?)(result?["ips"] as JsonArray)?.FirstOrDefault()?["gateway"];
            changes.Add(new SetRoute(new Route(Cidr.Parse((string)route["dst"]!).Network, IpAddress.ParseOrNull(gateway), call.Interface)));
        }

        // A pod in the place of another often has its address, on another device: the neighbours still know the old one.
        if (changes.OfType<SetAddress>().Any())
        {
            changes.Add(new AnnounceAddresses(call.Interface));
        }

        await In(call).ApplyAsync(cancellation, changes);
    }

    private async Task DeleteAsync(string link, CancellationToken cancellation)
    {
        if (_kernel.Has(link))
        {
            await _kernel.ApplyAsync(cancellation, new DeleteLink(link));
        }
    }

    private KernelNetwork In(CniCall call) => new(machine, call.Namespace);

    private static JsonArray Inside(JsonNode? ips)
    {
        var list = ips?.DeepClone() as JsonArray ?? [];
        foreach (var ip in list)
        {
            ip!["interface"] = 1;
        }

        return list;
    }

    private static string Hash(CniCall call) =>
        Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes($"{call.ContainerId}/{call.Interface}")))[..8];
}
