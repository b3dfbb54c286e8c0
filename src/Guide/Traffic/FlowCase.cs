using System.Globalization;

namespace Dpf.Guide.Traffic;

/// <summary>Who asks.</summary>
public enum FlowEnd
{
    /// <summary>A pod of the pod network.</summary>
    Pod,

    /// <summary>A process of the node.</summary>
    Host,

    /// <summary>Something outside the cluster.</summary>
    External,
}

/// <summary>Under which address the server is asked.</summary>
public enum FlowPath
{
    /// <summary>Its own.</summary>
    Direct,

    /// <summary>A service's cluster address.</summary>
    ClusterIp,

    /// <summary>A port of the server's node.</summary>
    NodePort,

    /// <summary>A service's outside address.</summary>
    LoadBalancer,
}

/// <summary>The policy that is in force meanwhile.</summary>
public enum FlowPolicy
{
    /// <summary>None.</summary>
    None,

    /// <summary>An AdminNetworkPolicy allows what a NetworkPolicy denies.</summary>
    AdminAllow,

    /// <summary>An AdminNetworkPolicy denies.</summary>
    AdminDeny,

    /// <summary>An AdminNetworkPolicy leaves it to a NetworkPolicy, which denies.</summary>
    AdminPass,

    /// <summary>A NetworkPolicy denies everything.</summary>
    Deny,

    /// <summary>A NetworkPolicy allows the client alone.</summary>
    Allow,
}

/// <summary>A traffic flow by the number that kubernetes-traffic-flow-tests gives it.</summary>
/// <param name="Id">The number.</param>
/// <param name="Client">Who asks.</param>
/// <param name="Path">By which address.</param>
/// <param name="Server">Who answers.</param>
/// <param name="SameNode">Whether both are on one node.</param>
/// <param name="Policy">The policy in force.</param>
public sealed record FlowCase(int Id, FlowEnd Client, FlowPath Path, FlowEnd Server, bool SameNode, FlowPolicy Policy = FlowPolicy.None)
{
    /// <summary>All cases, in the order of their numbers.</summary>
    public static IReadOnlyList<FlowCase> All { get; } = [.. Define()];

    /// <summary>Whether the server is to be reached.</summary>
    public bool IsAllowed => Policy is FlowPolicy.None or FlowPolicy.Allow or FlowPolicy.AdminAllow;

    /// <summary>The name that kubernetes-traffic-flow-tests gives it.</summary>
    public string Name => Policy switch
    {
        FlowPolicy.AdminAllow => "POD_TO_POD_ANP_ALLOW",
        FlowPolicy.AdminDeny => "POD_TO_POD_ANP_DENY",
        FlowPolicy.AdminPass => "POD_TO_POD_ANP_PASS_NP_DENY",
        FlowPolicy.Deny => "POD_TO_POD_NP_DENY",
        FlowPolicy.Allow => "POD_TO_POD_NP_ALLOW",
        _ when Server == FlowEnd.External => $"{Word(Client)}_TO_EXTERNAL",
        _ => $"{Word(Client)}_TO_{Via}{Word(Server)}_{(SameNode ? "SAME" : "DIFF")}_NODE",
    };

    private string Via => Path switch
    {
        FlowPath.ClusterIp => "CLUSTER_IP_TO_",
        FlowPath.NodePort => "NODE_PORT_TO_",
        FlowPath.LoadBalancer => "LOAD_BALANCER_TO_",
        _ => "",
    };

    /// <summary>Reads a selection: numbers, names and ranges of them, separated by commas; <c>all</c> for all.</summary>
    /// <exception cref="FormatException">It names what is not there.</exception>
    public static IReadOnlyList<FlowCase> Parse(string selection)
    {
        if (selection is "all" or "")
        {
            return All;
        }

        var chosen = new SortedSet<int>();
        foreach (var part in selection.Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries))
        {
            var ends = part.Split('-', 2, StringSplitOptions.TrimEntries);
            var (first, last) = (Number(ends[0]), Number(ends[^1]));
            var range = All.Where(c => c.Id >= first && c.Id <= last).ToList();
            if (range.Count == 0)
            {
                throw new FormatException($"'{part}' selects no case; there are {Known}");
            }

            chosen.UnionWith(range.Select(c => c.Id));
        }

        return [.. All.Where(c => chosen.Contains(c.Id))];
    }

    private const string Known = "1-26, 32-36 and 60-67";

    private static int Number(string text) =>
        int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var id) ? id
        : All.FirstOrDefault(c => c.Name.Equals(text, StringComparison.OrdinalIgnoreCase))?.Id
        ?? throw new FormatException($"'{text}' is no case; give the numbers {Known}, or their names");

    private static string Word(FlowEnd end) => end.ToString().ToUpperInvariant();

    private static IEnumerable<FlowCase> Define()
    {
        var id = 1;
        foreach (var client in new[] { FlowEnd.Pod, FlowEnd.Host })
        {
            // The host's own cases begin with the host, a pod's with a pod.
            foreach (var server in client == FlowEnd.Pod ? new[] { FlowEnd.Pod, FlowEnd.Host } : [FlowEnd.Host, FlowEnd.Pod])
            {
                yield return new(id++, client, FlowPath.Direct, server, true);
                yield return new(id++, client, FlowPath.Direct, server, false);
            }

            foreach (var path in new[] { FlowPath.ClusterIp, FlowPath.NodePort })
            {
                foreach (var server in new[] { FlowEnd.Pod, FlowEnd.Host })
                {
                    yield return new(id++, client, path, server, true);
                    yield return new(id++, client, path, server, false);
                }
            }
        }

        yield return new(id++, FlowEnd.Pod, FlowPath.Direct, FlowEnd.External, false);
        yield return new(id, FlowEnd.Host, FlowPath.Direct, FlowEnd.External, false);
        id = 32;
        foreach (var policy in new[] { FlowPolicy.AdminAllow, FlowPolicy.AdminDeny, FlowPolicy.AdminPass, FlowPolicy.Deny, FlowPolicy.Allow })
        {
            yield return new(id++, FlowEnd.Pod, FlowPath.Direct, FlowEnd.Pod, false, policy);
        }

        id = 60;
        foreach (var client in new[] { FlowEnd.Pod, FlowEnd.Host })
        {
            foreach (var server in new[] { FlowEnd.Pod, FlowEnd.Host })
            {
                yield return new(id++, client, FlowPath.LoadBalancer, server, true);
                yield return new(id++, client, FlowPath.LoadBalancer, server, false);
            }
        }
    }
}
