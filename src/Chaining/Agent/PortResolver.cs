using Dpf.Api.Services;
using Dpf.Chaining.Switching;
using Dpf.Runtime.Clusters;
using k8s.Models;

namespace Dpf.Chaining.Agent;

/// <summary>Finds the switch's port that a port of a chain means.</summary>
internal sealed class PortResolver(IReadOnlyList<ServiceInterface> interfaces, IReadOnlyList<V1Pod> pods, SwitchView view)
{
    /// <summary>The port's number, or why there is none; and the interface that was meant, once that is clear.</summary>
    public (long? Ofport, NamespacedName? Interface, string Why) Resolve(string ns, ServiceChainPort port)
    {
        var labels = port.ServiceInterface.MatchLabels;
        var text = string.Join(",", labels.Select(l => $"{l.Key}={l.Value}"));
        var found = interfaces
            .Where(i => i.Metadata.NamespaceProperty == ns && labels.All(l =>
                i.Metadata.Labels?.TryGetValue(l.Key, out var value) == true && value == l.Value))
            .ToList();
        if (found.Count != 1)
        {
            return (null, null, $"{found.Count} interfaces in {ns} match {text}: exactly one has to");
        }

        var value = found[0];
        var key = new NamespacedName(ns, value.Metadata.Name);
        if (value.Spec is { InterfaceType: "service", Service: { } service })
        {
            var (number, why) = OfService(ns, service);
            return (number, key, why);
        }

        // Of the ports of an interface the first is the one on the bridge of the chains.
        if (WantedPort.Of(value) is not [var wanted, ..])
        {
            return (null, key, $"{key}: an interface of type {value.Spec.InterfaceType} has no port");
        }

        return wanted.Obstacle(view) is { } obstacle ? (null, key, $"{key}: {obstacle}")
            : view.Ports.GetValueOrDefault(wanted.Name)?.Ofport is { } ofport ? (ofport, key, "")
            : (null, key, $"{key}: {Trouble(view, wanted.Name)}");
    }

    /// <summary>Why a port has no number; empty when it has one.</summary>
    public static string Trouble(SwitchView view, string name) => view.Ports.GetValueOrDefault(name) switch
    {
        null => $"port {name} is not there yet",
        { Error: { Length: > 0 } error } => $"port {name}: {error}",
        { Ofport: null } => $"port {name} has no number yet",
        _ => "",
    };

    private (long? Ofport, string Why) OfService(string ns, ServiceInterfaceService service)
    {
        // While a pod replaces another both are there. Of those that stay the younger counts, but not before it can take over: until
        // it has its port, and while the other one works and it does not, the chain stays where it is.
        var found = pods
            .Where(p => p.Metadata.NamespaceProperty == ns && p.Metadata.DeletionTimestamp is null &&
                p.Status?.Phase is not ("Succeeded" or "Failed") &&
                p.Metadata.Labels?.TryGetValue(ChainingLabels.Service, out var id) == true && id == service.ServiceId)
            .Select(p => (Pod: p, Port: PortOf($"{ns}/{p.Metadata.Name}/{service.InterfaceName}")))
            .OrderByDescending(p => p.Port is not null).ThenByDescending(p => IsReady(p.Pod)).ThenByDescending(p => p.Pod.Metadata.CreationTimestamp)
            .ToList();
        if (found is not [var (pod, port), ..])
        {
            return (null, $"service {service.ServiceId} has no pod on this node");
        }

        return port is { } number
            ? (number, "")
            : (null, $"no port on {WantedPort.ServiceBridge} for {ns}/{pod.Metadata.Name}/{service.InterfaceName} yet");
    }

    /// <summary>The number of the port that a pod's interface has on the bridge of the chains; null while it has none.</summary>
    private long? PortOf(string id)
    {
        var port = view.Ports.Values
            .Where(p => p.InterfaceIds.GetValueOrDefault(WantedPort.DpfIdKey) == id)
            .OrderBy(p => p.Bridge == WantedPort.ServiceBridge ? 0 : 1).FirstOrDefault();
        if (port is not null && port.Bridge != WantedPort.ServiceBridge)
        {
            // It is on another bridge (br-hbn), which a patch connects.
            port = view.Ports.GetValueOrDefault($"p{port.Name}brsfc");
        }

        return port?.Bridge == WantedPort.ServiceBridge ? port.Ofport : null;
    }

    private static bool IsReady(V1Pod pod) => pod.Status?.Conditions?.Any(c => c.Type == "Ready" && c.Status == "True") == true;
}
