using System.Globalization;
using Dpf.Ovn.Zone.Planning;
using Dpf.Runtime.Addressing;

namespace Dpf.Ovn.Node;

/// <summary>
/// The rules of the host's packets: which addresses are translated on the way to services and to pods and back, what is refused, what is
/// marked.
/// </summary>
internal static class HostRules
{
    /// <summary>The table, as one transaction of nft(8).</summary>
    public static string Of(HostFacts facts, IReadOnlyList<ZoneService> services)
    {
        var families = facts.Families.ToList();
        var rules = string.Join("\n    ", services.SelectMany(
            s => s.ClusterIps.DistinctBy(c => c.Family).Where(c => families.Exists(f => f.Subnet.Family == c.Family)).SelectMany(c => ToCluster(s, c))));
        var management = string.Join("\n    ", families.Select(f => (Ip: Word(f.Subnet.Family), Own: f.Subnet.At(2))).Select(f =>
            $"oifname \"{HostNetwork.ManagementPort}\" {f.Ip} saddr != {f.Own} snat {f.Ip} to {f.Own}"));
        var masquerade = string.Join("\n    ", families.SelectMany(f => f.Network.Services.Select(s => (Ip: Word(s.Family), To: s, f.Network.HostMasquerade))).Select(f =>
            $"oifname \"{facts.GatewayDevice}\" {f.Ip} daddr {f.To} {f.Ip} saddr != {f.HostMasquerade} snat {f.Ip} to {f.HostMasquerade}"));
        var segments = string.Join("\n    ", families.SelectMany(f => f.Network.Services).Select(s => (Ip: Word(s.Family), From: s, Size: facts.Network.Mtu - Headers(s.Family))).Select(f => string.Create(
            CultureInfo.InvariantCulture,
            $"iifname \"{facts.GatewayDevice}\" {f.Ip} saddr {f.From} tcp flags & (syn | rst) == syn tcp option maxseg size set {f.Size}")));
        var arrivals = string.Join("\n    ", HostReturns.Arrivals(facts, services).Select(a => string.Create(
            CultureInfo.InvariantCulture,
            $"iifname \"{facts.GatewayDevice}\" {Word(a.Own.Family)} daddr {a.Own} {a.Protocol} dport {a.Port} ct state new ct mark set ct mark | {HostReturns.Mark}")));
        var refusals = string.Join("\n    ", services.SelectMany(s => Refusals(s, facts.Node)));
        return $$"""
            table inet ovn-kubernetes {}
            delete table inet ovn-kubernetes
            table inet ovn-kubernetes {
              chain services {
                {{rules}}
              }
              chain prerouting {
                type nat hook prerouting priority dstnat;
                jump services
              }
              chain output {
                type nat hook output priority -100;
                jump services
              }
              chain to-services {
                type nat hook postrouting priority srcnat;
                {{masquerade}}
              }
              chain from-services {
                type filter hook prerouting priority mangle;
                {{segments}}
              }
              chain refused {
                {{refusals}}
              }
              chain refused-output {
                type filter hook output priority filter;
                jump refused
              }
              chain refused-forward {
                type filter hook forward priority filter;
                jump refused
              }
              chain from-outside {
                type filter hook prerouting priority mangle;
                {{arrivals}}
              }
              chain back-outside {
                type route hook output priority mangle;
                ct mark & {{HostReturns.Mark}} != 0 meta mark set meta mark | {{HostReturns.Mark}}
              }
              chain mgmtport-snat {
                type nat hook postrouting priority srcnat;
                {{management}}
              }
            }

            """;
    }

    /// <summary>What hosts and others send to a service's addresses on the nodes goes to its cluster address of the same family.</summary>
    private static IEnumerable<string> ToCluster(ZoneService service, IpAddress cluster)
    {
        var (ip, own) = (Word(cluster.Family), cluster.Family == IpFamily.V4 ? "127.0.0.0/8" : "::1");
        foreach (var port in service.Ports)
        {
            var target = cluster.WithPort(port.Port);
            if (port.NodePort > 0)
            {
                yield return string.Create(
                    CultureInfo.InvariantCulture,
                    $"{ip} daddr != {own} fib daddr type local {port.Protocol} dport {port.NodePort} dnat {ip} to {target}");
            }

            foreach (var external in service.ExternalIps.Where(e => e.Family == cluster.Family))
            {
                yield return string.Create(
                    CultureInfo.InvariantCulture, $"{ip} daddr {external} {port.Protocol} dport {port.Port} dnat {ip} to {target}");
            }
        }
    }

    /// <summary>
    /// What nobody serves is refused at once. OVN's own refusals do not get through to the host: they come from the address that both share.
    /// </summary>
    private static IEnumerable<string> Refusals(ZoneService service, string node) =>
        from cluster in service.ClusterIps
        from port in service.Ports
        where (service.InternalLocal ? port.EndpointsOn(node) : port.Endpoints).All(e => e.Address.Family != cluster.Family)
        select string.Create(CultureInfo.InvariantCulture, $"{Word(cluster.Family)} daddr {cluster} {port.Protocol} dport {port.Port} reject");

    private static string Word(IpFamily family) => family == IpFamily.V4 ? "ip" : "ip6";

    // A connection to a node port of the host's own address was given its segment size by the loopback device, before it was sent to OVN:
    // the other end's word has to hold it to what the way carries. Without options an IP and a TCP header are so long (RFC 9293, 3.7.1).
    private static int Headers(IpFamily family) => (family == IpFamily.V4 ? 20 : 40) + 20;
}
