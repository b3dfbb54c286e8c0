using System.Text.Json.Nodes;
using Dpf.Ovn.Zone.Planning;

namespace Dpf.Ovn.Node.Health;

/// <summary>What a node tells balancers outside of a service whose clients only reach the node's own endpoints.</summary>
/// <param name="Namespace">The service's namespace.</param>
/// <param name="Name">Its name.</param>
/// <param name="LocalEndpoints">How many of its ready endpoints are on the node.</param>
public sealed record ServiceHealth(string Namespace, string Name, int LocalEndpoints)
{
    /// <summary>The answer's status: whether the balancer may send clients here.</summary>
    public int Status => LocalEndpoints > 0 ? 200 : 503;

    /// <summary>The answer, in the words of kube-proxy.</summary>
    public string Text => new JsonObject
    {
        ["service"] = new JsonObject { ["namespace"] = Namespace, ["name"] = Name }, ["localEndpoints"] = LocalEndpoints,
    }.ToJsonString();

    /// <summary>The health of the services on a node by the ports at which it is told; of two with one port, the first.</summary>
    public static IReadOnlyDictionary<int, ServiceHealth> Of(IEnumerable<ZoneService> services, string node) => services
        .Where(s => s.HealthCheckPort is not null)
        .DistinctBy(s => s.HealthCheckPort)
        .ToDictionary(s => s.HealthCheckPort!.Value, s => new ServiceHealth(s.Namespace, s.Name, Count(s, node)));

    /// <summary>Endpoints are counted by their addresses, of which each has one of every family.</summary>
    private static int Count(ZoneService service, string node) => service.Ports
        .SelectMany(p => p.Candidates).Where(e => e.IsReady && e.Node == node).Select(e => e.Address).Distinct()
        .GroupBy(a => a.Family).Select(f => f.Count()).DefaultIfEmpty().Max();
}
