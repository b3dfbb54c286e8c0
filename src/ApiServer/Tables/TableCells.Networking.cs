using System.Globalization;
using System.Text.Json.Nodes;
using Dpf.ApiServer.Serving;

namespace Dpf.ApiServer.Tables;

/// <content>Services, what is behind them, and who may reach it.</content>
internal sealed partial class TableCells
{
    private IReadOnlyList<Column>? Networking(GroupResource resource) => resource.ToString() switch
    {
        "services" =>
        [
            new("Type", o => o.Text("spec", "type")), new("Cluster-IP", o => o.Text("spec", "clusterIP") ?? "<none>"), new("External-IP", ExternalIp),
            new("Port(s)", Ports), Age, Selector("spec", "selector"),
        ],
        "endpoints" => [new("Endpoints", Endpoints), Age],
        "endpointslices.discovery.k8s.io" =>
        [
            new("AddressType", o => o.Text("addressType")), new("Ports", o => Join(o.Objects("ports").Select(p => p.Number("port")?.ToString(CultureInfo.InvariantCulture)))),
            new("Endpoints", o => Join(o.Objects("endpoints").SelectMany(e => e.Texts("addresses")))), Age,
        ],
        "ingresses.networking.k8s.io" =>
        [
            new("Class", o => o.Text("spec", "ingressClassName") ?? "<none>"), new("Hosts", Hosts),
            new("Address", o => string.Join(',', o.Objects("status", "loadBalancer", "ingress").Select(i => i.Text("ip") ?? i.Text("hostname")))),
            new("Ports", o => o.Objects("spec", "tls").Any() ? "80, 443" : "80"), Age,
        ],
        "ingressclasses.networking.k8s.io" =>
        [
            new("Controller", o => o.Text("spec", "controller")),
            new("Parameters", o => o.At("spec", "parameters") is { } of ? $"{Qualified(of.Text("kind"), of.Text("apiGroup"))}/{of.Text("name")}" : "<none>"), Age,
        ],
        "networkpolicies.networking.k8s.io" => [new("Pod-Selector", o => Labels(o.At("spec", "podSelector", "matchLabels"))), Age],
        _ => null,
    };

    private static JsonNode Hosts(JsonObject o)
    {
        const int Shown = 3;
        var hosts = o.Objects("spec", "rules").Select(r => r.Text("host")).Where(h => h?.Length > 0).ToList();
        return hosts.Count == 0 ? "*" : string.Join(',', hosts.Take(Shown)) + (hosts.Count > Shown ? $" + {hosts.Count - Shown} more..." : "");
    }

    private static JsonNode ExternalIp(JsonObject o)
    {
        var addresses = o.Texts("spec", "externalIPs").Concat(o.Objects("status", "loadBalancer", "ingress").Select(i => i.Text("ip") ?? i.Text("hostname") ?? "")).ToList();
        return addresses.Count > 0 ? string.Join(',', addresses) : o.Text("spec", "type") == "LoadBalancer" ? "<pending>" : o.Text("spec", "externalName") ?? "<none>";
    }

    private static JsonNode Ports(JsonObject o) => Join(o.Objects("spec", "ports").Select(p =>
        $"{p.Number("port")}{(p.Number("nodePort") is > 0 and var node ? $":{node}" : "")}/{p.Text("protocol")}"));

    private static JsonNode Endpoints(JsonObject o) => Join(o.Objects("subsets").SelectMany(s =>
        s.Objects("addresses").SelectMany(a => s.Objects("ports").Select(p => $"{a.Text("ip")}:{p.Number("port")}"))));
}
