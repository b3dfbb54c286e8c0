using k8s.Models;

namespace Dpf.Guide.Traffic;

/// <summary>Where the server of a case is asked.</summary>
/// <param name="Address">The address.</param>
/// <param name="Hello">The port that answers HTTP.</param>
/// <param name="Data">The port that counts what it is sent.</param>
public sealed record FlowAddress(string Address, int Hello, int Data)
{
    /// <summary>Finds it.</summary>
    /// <param name="flow">The case.</param>
    /// <param name="six">Whether it is asked over IPv6.</param>
    /// <param name="near">The server's node.</param>
    /// <param name="server">The server's pod, in the node's network where the server is a host.</param>
    /// <param name="service">The service in front of it.</param>
    /// <returns>The address; or null and what is lacking.</returns>
    public static (FlowAddress? Found, string Lacking) Find(FlowCase flow, bool six, FlowNode near, V1Pod server, V1Service service)
    {
        var (hello, data) = FlowObjects.Ports(flow.Server);
        var own = (server.Status?.PodIPs ?? []).Select(p => p.Ip).FirstOrDefault(ip => AddressText.IsSix(ip) == six);
        var family = AddressText.Family(six);
        if (own is null && (flow.Path != FlowPath.Direct || flow.Server == FlowEnd.Pod))
        {
            // A service has no endpoint of that family then.
            return (null, flow.Server == FlowEnd.Pod ? $"pods have no {family} address" : $"pods in the network of {near.Name} have no {family} address");
        }

        var (address, lacking) = flow.Path switch
        {
            FlowPath.ClusterIp => (service.Spec.ClusterIPs?.FirstOrDefault(ip => AddressText.IsSix(ip) == six), $"the service has no {family} address"),
            FlowPath.LoadBalancer => (service.Status?.LoadBalancer?.Ingress?.Select(i => i.Ip).FirstOrDefault(ip => AddressText.IsSix(ip) == six), $"the load balancer has no {family} address"),
            FlowPath.Direct when flow.Server == FlowEnd.Pod => (own, ""),
            _ => (near.Address, $"node {near.Name} has no {family} address"),
        };
        if (flow.Path == FlowPath.NodePort)
        {
            (hello, data) = (service.Spec.Ports[0].NodePort!.Value, service.Spec.Ports[1].NodePort!.Value);
        }

        return address is null ? (null, lacking) : (new FlowAddress(address, hello, data), "");
    }

    /// <summary>Where HTTP is answered: an address with a port.</summary>
    public string HelloAt => AddressText.At(Address, Hello);

    /// <summary>Where what is sent is counted: an address with a port.</summary>
    public string DataAt => AddressText.At(Address, Data);
}
