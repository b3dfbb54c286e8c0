using Dpf.Api.Services;
using Dpf.Chaining.Switching;
using Dpf.Ovsdb.Rows;
using Dpf.Runtime.Clusters;
using k8s.Models;

namespace Dpf.Chaining.Agent;

/// <summary>What a node's switch should be, and what is in the way: a pure function of the cluster's objects and the switch.</summary>
/// <param name="Ports">The ports to keep.</param>
/// <param name="Flows">The flows to keep.</param>
/// <param name="Interfaces">What is missing, per interface; empty for nothing.</param>
/// <param name="Chains">What is missing, per chain; empty for nothing.</param>
/// <param name="ChainOf">The chain of each interface that is a port of one.</param>
public sealed record NodePlan(
    IReadOnlyList<WantedPort> Ports, IReadOnlyList<ChainFlow> Flows, IReadOnlyDictionary<NamespacedName, string> Interfaces,
    IReadOnlyDictionary<NamespacedName, string> Chains, IReadOnlyDictionary<NamespacedName, string> ChainOf)
{
    /// <summary>Plans from the node's own interfaces, chains and pods.</summary>
    public static NodePlan Of(
        IEnumerable<ServiceInterface> interfaces, IEnumerable<ServiceChain> chains, IEnumerable<V1Pod> pods, SwitchView view)
    {
        var all = interfaces.OrderBy(i => Key(i).ToString(), StringComparer.Ordinal).ToList();
        var ports = new Dictionary<string, (WantedPort Port, NamespacedName For)>(StringComparer.Ordinal);
        var messages = new Dictionary<NamespacedName, string>();
        foreach (var value in all)
        {
            messages[Key(value)] = Claim(value, ports, view);
        }

        var resolver = new PortResolver(all, [.. pods], view);
        var flows = new List<ChainFlow>();
        var chainMessages = new Dictionary<NamespacedName, string>();
        var chainOf = new Dictionary<NamespacedName, string>();
        var taken = new Dictionary<long, string>();
        foreach (var chain in chains.OrderBy(c => Key(c).ToString(), StringComparer.Ordinal))
        {
            var cookie = FlowCookie.Of(chain.Metadata.NamespaceProperty, chain.Metadata.Name);
            var missing = new List<string>();
            foreach (var members in chain.Spec.Switches.Select(s => s.Ports))
            {
                var numbers = new List<long>();
                foreach (var member in members)
                {
                    var (port, named, why) = resolver.Resolve(chain.Metadata.NamespaceProperty, member);
                    if (named is { } name)
                    {
                        chainOf.TryAdd(name, chain.Metadata.Name);
                    }

                    if (port is not { } number)
                    {
                        missing.Add(why);
                    }
                    else if (taken.TryGetValue(number, out var other))
                    {
                        missing.Add($"{named}: is a port of chain {other} already");
                    }
                    else
                    {
                        taken[number] = $"{chain.Metadata.NamespaceProperty}/{chain.Metadata.Name}";
                        numbers.Add(number);
                    }
                }

                flows.AddRange(ChainFlow.Of(cookie, numbers));
            }

            chainMessages[Key(chain)] = string.Join("; ", missing);
        }

        return new NodePlan([.. ports.Values.Select(p => p.Port)], flows, messages, chainMessages, chainOf);
    }

    /// <summary>The rows of all ports.</summary>
    public RowSet Rows(SwitchView view)
    {
        var rows = new RowSet(WantedPort.Owner);
        foreach (var port in Ports)
        {
            port.AddTo(rows, view);
        }

        return rows;
    }

    private static string Claim(
        ServiceInterface value, Dictionary<string, (WantedPort Port, NamespacedName For)> ports, SwitchView view)
    {
        if (value.Spec.InterfaceType == "vlan")
        {
            return "interfaces of type vlan get no port: use the parent interface in the chain, tags pass through it";
        }

        var wanted = WantedPort.Of(value);
        var obstacle = wanted.Select(p => p.Obstacle(view)).FirstOrDefault(o => o is not null) ??
            wanted.Select(p => ports.TryGetValue(p.Name, out var other) ? $"port {p.Name} belongs to {other.For} already" : null)
                .FirstOrDefault(o => o is not null);
        if (obstacle is not null)
        {
            return obstacle;
        }

        foreach (var port in wanted)
        {
            ports[port.Name] = (port, Key(value));
        }

        return string.Join("; ", wanted.Select(p => PortResolver.Trouble(view, p.Name)).Where(t => t.Length > 0));
    }

    private static NamespacedName Key(k8s.IKubernetesObject<V1ObjectMeta> value) =>
        new(value.Metadata.NamespaceProperty, value.Metadata.Name);
}
