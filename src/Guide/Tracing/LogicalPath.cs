using System.Text.RegularExpressions;

namespace Dpf.Guide.Tracing;

/// <summary>Where and why a packet goes no further.</summary>
/// <param name="Stage">The stage.</param>
/// <param name="Flow">The logical flow that did it; empty when none matched.</param>
/// <param name="IsPolicy">Whether a policy did it.</param>
public sealed record LogicalDrop(string Stage, string Flow, bool IsPolicy);

/// <summary>A switch or router on the way.</summary>
/// <param name="Datapath">Its name.</param>
/// <param name="IsRouter">Whether it routes.</param>
/// <param name="InPort">Where the packet came in.</param>
public sealed record LogicalHop(string Datapath, bool IsRouter, string InPort)
{
    /// <summary>What happened to the packet.</summary>
    public IList<string> Facts { get; } = [];

    /// <summary>Where it left, and that port's type; null when it did not.</summary>
    public (string Port, string Type)? Output { get; set; }

    /// <summary>Why it did not.</summary>
    public LogicalDrop? Drop { get; set; }
}

/// <summary>The way of a packet through the logical network, as <c>ovn-trace</c> found it.</summary>
/// <param name="Hops">Switches and routers.</param>
/// <param name="Packet">The packet at the end.</param>
public sealed partial record LogicalPath(IReadOnlyList<LogicalHop> Hops, Packet Packet)
{
    private const string Balancer = "load balancer ";

    /// <summary>Where the packet leaves the logical network of the zone; null when it is dropped.</summary>
    public (string Port, string Type)? End => Hops.Count > 0 ? Hops[^1].Output : null;

    /// <summary>Why it goes no further; null when it does.</summary>
    public LogicalDrop? Drop => Hops.Count > 0 ? Hops[^1].Drop : new LogicalDrop("the first stage", "", false);

    /// <summary>
    /// The way to the backend that this path chose. Told what to choose, ovn-trace rewrites the packet at once and shows no load balancer:
    /// what it did is known from here.
    /// </summary>
    public LogicalPath FollowedTo(LogicalPath backend)
    {
        if (backend.Hops.Count > 0)
        {
            foreach (var fact in Hops.SelectMany(hop => hop.Facts).Where(fact => fact.StartsWith(Balancer, StringComparison.Ordinal)).Take(1))
            {
                backend.Hops[0].Facts.Insert(0, fact);
            }
        }

        return backend with { Packet = backend.Packet with { Destination = Packet.Destination, Port = Packet.Port } };
    }

    /// <summary>Reads the sections of a trace.</summary>
    public static LogicalPath Read(IEnumerable<TraceSection> sections, Packet packet)
    {
        var hops = new List<LogicalHop>();
        var policy = "";
        foreach (var section in sections)
        {
            if (section.Datapath.Length == 0)
            {
                packet = Tracked(section.Kind, packet, hops);
            }
            else if (section.Kind == "ingress" || hops.Count == 0 || hops[^1].Datapath != section.Datapath)
            {
                hops.Add(new LogicalHop(section.Datapath, section.Stages.Any(s => s.Name.StartsWith("lr_", StringComparison.Ordinal)), section.InPort));
            }

            foreach (var stage in section.Stages)
            {
                packet = Through(stage, packet, hops[^1]);

                // Newer OVN judges in one stage and acts in the next: the judgement names the policy.
                policy = stage.Name.EndsWith("_acl_eval", StringComparison.Ordinal) ? stage.Flow : policy;
                if (hops[^1].Drop is { } drop && stage.Name.EndsWith("_acl_action", StringComparison.Ordinal))
                {
                    hops[^1].Drop = drop with { Flow = policy };
                }
            }

            foreach (var output in section.Outputs)
            {
                hops[^1].Output = output;
            }

            // What is on the wire is away; other copies of what was sent to many are no news.
            if (hops.Count > 0 && hops[^1].Output is (_, "localnet"))
            {
                break;
            }
        }

        // What ends without an output was dropped, whether or not somebody said so.
        if (hops.Count > 0 && hops[^1] is { Output: null, Drop: null } last)
        {
            last.Drop = new LogicalDrop("the end of the pipeline", "", false);
        }

        return new LogicalPath(hops, packet);
    }

    private static Packet Tracked(string kind, Packet packet, List<LogicalHop> hops)
    {
        if (Translated().Match(kind) is { Success: true } snat)
        {
            hops[^1].Facts.Add($"source becomes {snat.Groups[2].Value}");
            return packet with { Source = snat.Groups[2].Value };
        }

        return packet;
    }

    private static Packet Through(TraceStage stage, Packet packet, LogicalHop hop)
    {
        foreach (var action in stage.Actions)
        {
            if (Address().Match(action) is { Success: true } address)
            {
                packet = address.Groups[1].Value == "src" ? packet with { EthernetSource = address.Groups[2].Value } : packet with { EthernetDestination = address.Groups[2].Value };
            }
            else if (action == "ip.ttl--;")
            {
                packet = packet with { TimeToLive = packet.TimeToLive - 1 };
            }
            else if (Backends().Match(action) is { Success: true } backends)
            {
                packet = Balanced(backends.Groups[1].Value.Split(','), packet, hop);
            }
            else if (Binding().Match(action) is { Success: true } binding)
            {
                packet = packet with { EthernetDestination = binding.Groups[1].Value };
            }
            else if (action.Contains("No MAC binding", StringComparison.Ordinal))
            {
                packet = packet with { EthernetDestination = Packet.Broadcast };
                hop.Facts.Add("the next hop's MAC address is not known now: OVN asks for it first");
            }
        }

        if (stage.Match is null || stage.Actions.Any(action => action is "drop;" or "/* drop */;" or "/* drop */"))
        {
            hop.Drop = new LogicalDrop(stage.Name, stage.Flow, stage.Name.Contains("_acl", StringComparison.Ordinal));
        }
        else if (stage.Name == "lr_in_ip_routing")
        {
            hop.Facts.Add(Route(stage));
        }
        else if (stage.Name == "lr_in_policy" && stage.Priority > 0)
        {
            hop.Facts.Add($"policy route {stage.Priority}: {stage.Match}");
        }

        return packet;
    }

    private static Packet Balanced(string[] backends, Packet packet, LogicalHop hop)
    {
        // Without being told another, ovn-trace takes the first.
        hop.Facts.Add($"{Balancer}{packet.To} → {backends[0]}{(backends.Length > 1 ? $", as well as {string.Join(", ", backends.Skip(1))}" : "")}");
        var chosen = Endpoint().Match(backends[0]);
        return packet with
        {
            Destination = chosen.Groups["address"].Value,
            Port = chosen.Groups["port"] is { Success: true } port ? int.Parse(port.Value, System.Globalization.CultureInfo.InvariantCulture) : packet.Port,
        };
    }

    private static string Route(TraceStage stage)
    {
        var prefix = Prefix().Match(stage.Match!) is { Success: true } match ? $"{(match.Groups[1].Value == "src" ? "from " : "")}{match.Groups[2].Value}" : stage.Match!;
        var next = stage.Actions.Select(action => NextHop().Match(action)).FirstOrDefault(match => match.Success)?.Groups[1].Value;
        return $"route {prefix}{(next is null or "ip4.dst" or "ip6.dst" ? ", directly" : " via " + next)}";
    }

    [GeneratedRegex(@"^eth\.(src|dst) = ([0-9a-f:]{17});", RegexOptions.None, 1000)]
    private static partial Regex Address();

    [GeneratedRegex(@"^ct_lb(?:_mark)?\(backends=([0-9a-f.:,\[\]]+)", RegexOptions.None, 1000)]
    private static partial Regex Backends();

    [GeneratedRegex(@"^(?:\[(?<address>[^\]]+)\]|(?<address>[0-9.]+)|(?<address>[0-9a-f:]+))(?::(?<port>\d+))?$", RegexOptions.None, 1000)]
    private static partial Regex Endpoint();

    [GeneratedRegex(@"MAC binding to ([0-9a-f:]{17})", RegexOptions.None, 1000)]
    private static partial Regex Binding();

    [GeneratedRegex(@"^ct_(snat|snat_in_czone)\(ip[46]\.src=([0-9a-f.:]+)\)", RegexOptions.None, 1000)]
    private static partial Regex Translated();

    [GeneratedRegex(@"ip[46]\.(src|dst) == ([0-9a-f.:/]+)", RegexOptions.None, 1000)]
    private static partial Regex Prefix();

    [GeneratedRegex(@"^(?:xx)?reg0 = (\S+);", RegexOptions.None, 1000)]
    private static partial Regex NextHop();
}
