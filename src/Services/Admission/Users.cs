using Dpf.Api.Services;
using Dpf.Services.DpuServices;
using k8s.Models;

namespace Dpf.Services.Admission;

/// <summary>Who uses what: pure. Whoever is on the way out uses nothing any more.</summary>
internal static class Users
{
    /// <summary>The DPUServices whose pods have an interface: the one that has claimed it, else those that will.</summary>
    public static IReadOnlyList<string> Services(DpuServiceInterface value, IEnumerable<DpuService> services) =>
    [
        .. services.Where(s => IsLive(s, value) && (ServiceInterfaces.Consumer(value) is { } consumer
                ? s.Metadata.Name == consumer
                : s.Spec.Interfaces?.Contains(value.Metadata.Name) == true))
            .Select(s => $"DPUService {s.Metadata.Name}"),
    ];

    /// <summary>The DPUServiceChains that connect an interface.</summary>
    public static IReadOnlyList<string> Chains(DpuServiceInterface value, IEnumerable<DpuServiceChain> chains) =>
        [.. chains.Where(c => IsLive(c, value) && Connects(c, value)).Select(c => $"DPUServiceChain {c.Metadata.Name}")];

    /// <summary>The DPUServiceInterfaces that a chain connects.</summary>
    public static IReadOnlyList<string> Interfaces(DpuServiceChain value, IEnumerable<DpuServiceInterface> interfaces) =>
        [.. interfaces.Where(i => IsLive(i, value) && Connects(value, i)).Select(i => $"DPUServiceInterface {i.Metadata.Name}")];

    /// <summary>The DPUServiceChains whose interfaces get their addresses from a pool.</summary>
    public static IReadOnlyList<string> Chains(DpuServiceIpam value, IEnumerable<DpuServiceChain> chains) =>
    [
        .. chains.Where(c => c.Metadata.DeletionTimestamp is null && Ports(c).Any(p =>
                p.Ipam is { } ipam && ipam.MatchLabels.Count > 0 && Has(value.Spec.Metadata?.Labels, ipam.MatchLabels)))
            .Select(c => $"DPUServiceChain {c.Metadata.NamespaceProperty}/{c.Metadata.Name}"),
    ];

    /// <summary>The DPUDeployments that a template or a configuration is for.</summary>
    public static IReadOnlyList<string> Deployments(string ns, Func<DpuDeploymentServices, bool> refers, IEnumerable<DpuDeployment> deployments) =>
    [
        .. deployments.Where(d => d.Metadata.NamespaceProperty == ns && d.Metadata.DeletionTimestamp is null && d.Spec.Services.Values.Any(refers))
            .Select(d => $"DPUDeployment {d.Metadata.Name}"),
    ];

    /// <summary>A list in a sentence.</summary>
    public static string List(IReadOnlyList<string> users) =>
        string.Join(", ", users.Take(5)) + (users.Count > 5 ? $" and {users.Count - 5} more" : "");

    private static bool IsLive(IMetadata<V1ObjectMeta> value, IMetadata<V1ObjectMeta> neighbour) =>
        value.Metadata.DeletionTimestamp is null && value.Metadata.NamespaceProperty == neighbour.Metadata.NamespaceProperty;

    private static bool Connects(DpuServiceChain chain, DpuServiceInterface value) =>
        Ports(chain).Any(p => p.MatchLabels.Count > 0 && Has(value.Spec.Template.Spec.Template.Metadata?.Labels, p.MatchLabels));

    private static IEnumerable<ServiceChainServiceInterface> Ports(DpuServiceChain chain) =>
        chain.Spec.Template.Spec.Template.Spec.Switches.SelectMany(s => s.Ports).Select(p => p.ServiceInterface);

    private static bool Has(Dictionary<string, string>? labels, Dictionary<string, string> wanted) =>
        wanted.All(w => labels?.TryGetValue(w.Key, out var value) == true && value == w.Value);
}
