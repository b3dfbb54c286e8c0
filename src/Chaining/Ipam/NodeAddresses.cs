using System.Text.Json;
using System.Text.Json.Nodes;
using Dpf.Chaining.Cni;
using Dpf.Runtime.Machines;

namespace Dpf.Chaining.Ipam;

/// <summary>
/// Gives a node's part of the pools to interfaces, and remembers in a file who has what. An address comes back when its sandbox
/// is deleted, or, where nobody says that, when its pod is gone.
/// </summary>
internal sealed class NodeAddresses(
    string node, Func<IEnumerable<IpPool>> ipPools, Func<IEnumerable<CidrPool>> cidrPools, string store, bool poolNeeded)
{
    private readonly Lock _lock = new();

    // Pods that were not there at the last look: at the second they are gone, and not only too new to be known.
    private HashSet<string> _missing = [];

    /// <summary>Answers a runtime's (or another plugin's) call.</summary>
    public JsonObject? Answer(CniCall call)
    {
        lock (_lock)
        {
            switch (call.Command)
            {
                case "ADD":
                    return Add(call);
                case "DEL":
                    var taken = Load();
                    if (taken.RemoveAll(t => t.Container == call.ContainerId && t.Interface == call.Interface) > 0)
                    {
                        Save(taken);
                    }

                    return null;
                default:
                    return null;
            }
        }
    }

    /// <summary>Takes back the addresses of pods that are missing for the second time in a row; says which.</summary>
    /// <param name="pods">The uids of the node's pods.</param>
    public IReadOnlyList<string> Collect(IReadOnlySet<string> pods)
    {
        lock (_lock)
        {
            var taken = Load();
            var missing = taken.Select(t => t.Pod).OfType<string>().Where(p => !pods.Contains(p)).ToHashSet(StringComparer.Ordinal);
            var gone = taken.Where(t => t.Pod is { } pod && missing.Contains(pod) && _missing.Contains(pod)).ToList();
            _missing = missing;
            if (gone.Count > 0)
            {
                Save([.. taken.Except(gone)]);
            }

            return [.. gone.Select(g => g.Address)];
        }
    }

    private JsonObject Add(CniCall call)
    {
        var arguments = call.Config["args"]?["cni"] as JsonObject;
        var settings = call.Config["ipam"] as JsonObject;
        var type = (string?)arguments?["poolType"] ?? (string?)settings?["poolType"] ?? "ippool";
        var names = (arguments?["poolNames"] as JsonArray)?.Select(n => (string)n!).ToList() ??
            ((string?)settings?["poolName"] is { Length: > 0 } one ? one.Split(',').ToList() : []);
        if (names.Count == 0)
        {
            // Without a pool there is nothing to give; the pool's name is put on the pod a moment after it was scheduled.
            throw new CniException(11, poolNeeded
                ? $"{call.PodNamespace}/{call.PodName} {call.Interface}: no pool is named yet; the chain's ipam names it"
                : $"network {(string?)call.Config["name"]}: ipam.poolName is missing");
        }

        var taken = Load();
        var ips = new JsonArray();
        var routes = new JsonArray();
        foreach (var name in names)
        {
            var pool = Find(type, name);
            var address = Choose(call, pool, name, taken, (int?)arguments?["allocateIPWithIndex"]);
            taken.Add(new Taken(name, AddressRange.Text(address), call.ContainerId, call.Interface, call.Argument("K8S_POD_UID")));
            var ip = new JsonObject { ["version"] = "4", ["address"] = $"{AddressRange.Text(address)}/{pool.PrefixLength}" };
            if (pool.Gateway is { } gateway)
            {
                ip["gateway"] = gateway;
            }

            ips.Add(ip);
            var destinations = (pool.Spec.Routes ?? []).Select(r => r.Dst).ToList();
            if ((bool?)arguments?["allocateDefaultGateway"] == true || pool.Spec.DefaultGateway == true)
            {
                destinations.Add("0.0.0.0/0");
            }

            foreach (var destination in destinations.Distinct())
            {
                routes.Add(new JsonObject { ["dst"] = destination, ["gw"] = pool.Gateway });
            }
        }

        Save(taken);
        return new JsonObject { ["cniVersion"] = "0.4.0", ["ips"] = ips, ["routes"] = routes, ["dns"] = new JsonObject() };
    }

    private static uint Choose(CniCall call, NodePart pool, string name, List<Taken> taken, int? index)
    {
        var mine = taken.FirstOrDefault(t => t.Pool == name && t.Container == call.ContainerId && t.Interface == call.Interface);
        if (mine is not null)
        {
            taken.Remove(mine);
            return AddressRange.Number(mine.Address);
        }

        if (index is { } i)
        {
            var wanted = pool.Range.First + (uint)i;
            return pool.Range.Contains(wanted) && taken.All(t => t.Pool != name || t.Address != AddressRange.Text(wanted))
                ? wanted
                : throw new CniException(100, $"pool {name}: address {AddressRange.Text(wanted)} (index {i}) is taken or outside the node's part");
        }

        var used = taken.Where(t => t.Pool == name).Select(t => AddressRange.Number(t.Address)).ToHashSet();
        for (ulong a = pool.Range.First; a <= pool.Range.Last; a++)
        {
            var address = (uint)a;
            if (!used.Contains(address) && AddressRange.Text(address) != pool.Gateway && !pool.Unusable(address))
            {
                return address;
            }
        }

        throw new CniException(11, $"pool {name} has no free address left on this node");
    }

    private NodePart Find(string type, string name)
    {
        if (type == "cidrpool" && cidrPools().FirstOrDefault(p => p.Metadata.Name == name) is { } cidr)
        {
            var part = cidr.Status?.Allocations?.FirstOrDefault(a => a.NodeName == node) ?? throw Missing();
            var range = AddressRange.Network(part.Prefix!);
            return new NodePart(cidr.Spec, range, AddressRange.PrefixLength(part.Prefix!), part.Gateway, range);
        }

        if (type == "ippool" && ipPools().FirstOrDefault(p => p.Metadata.Name == name) is { } pool)
        {
            var part = pool.Status?.Allocations?.FirstOrDefault(a => a.NodeName == node) ?? throw Missing();
            return new NodePart(
                pool.Spec, new AddressRange(AddressRange.Number(part.StartIp!), AddressRange.Number(part.EndIp!)),
                AddressRange.PrefixLength(pool.Spec.Subnet), pool.Spec.Gateway, AddressRange.Network(pool.Spec.Subnet));
        }

        throw new CniException(11, $"there is no {type} {name} (yet)");

        CniException Missing() => new(11, $"{type} {name} has no part for node {node} (yet): is the pool large enough?");
    }

    private List<Taken> Load() =>
        File.Exists(store) ? JsonSerializer.Deserialize<List<Taken>>(File.ReadAllText(store)) ?? [] : [];

    private void Save(List<Taken> taken) => WholeFile.Write(store, JsonSerializer.Serialize(taken));

    private sealed record Taken(string Pool, string Address, string Container, string Interface, string? Pod);

    private sealed record NodePart(PoolSpec Spec, AddressRange Range, int PrefixLength, string? Gateway, AddressRange Network)
    {
        public bool Unusable(uint address) =>
            (PrefixLength < 31 && (address == Network.First || address == Network.Last)) ||
            (Spec.Exclusions ?? []).Any(e => new AddressRange(AddressRange.Number(e.StartIp), AddressRange.Number(e.EndIp)).Contains(address));
    }
}
