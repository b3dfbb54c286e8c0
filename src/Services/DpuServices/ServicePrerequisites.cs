using Dpf.Api.Services;
using Dpf.Runtime.Clusters;
using Dpf.Runtime.Informers;
using Dpf.Services.Clusters;
using Dpf.Services.PullSecrets;
using Dpf.Services.Reporting;
using k8s.Models;

namespace Dpf.Services.DpuServices;

/// <summary>What must be in a DPU cluster before a service's chart goes there: its namespace, and the Secrets for its images.</summary>
internal sealed class ServicePrerequisites(Cache management, DpuClusterLinks links)
{
    private readonly Informer<V1Secret> _secrets = management.Informer<V1Secret>(PullSecretCopy.Labelled);

    /// <summary>Makes the namespace everywhere at once; what is missing, by cluster.</summary>
    public async Task<IReadOnlyDictionary<NamespacedName, string>> MissingAsync(
        DpuService service, IReadOnlyList<ClusterLink> clusters, CancellationToken cancellation)
    {
        var missing = await Task.WhenAll(clusters.Select(async link => (link.Name, Problem: await ProblemAsync(service, link, cancellation))));
        return missing.Where(m => m.Problem is not null).ToDictionary(m => m.Name, m => m.Problem!);
    }

    private async Task<string?> ProblemAsync(DpuService service, ClusterLink link, CancellationToken cancellation)
    {
        if (link.Remote is null)
        {
            return link.Complaint;
        }

        var ns = service.Metadata.NamespaceProperty;
        try
        {
            await RemoteNamespaces.EnsureAsync(link.Remote, ns, cancellation);
        }
        catch (Exception e) when (Failures.IsExpected(e))
        {
            links.Suspect(link, e);
            return $"DPUCluster {link.Name}: {Failures.Describe(e)}";
        }

        var copies = link.Remote.Cache.Informer<V1Secret>(PullSecretCopy.Labelled);
        var late = _secrets.All
            .Where(s => s.Metadata.NamespaceProperty == ns && s.Metadata.DeletionTimestamp is null)
            .Where(s => copies.Get(ns, s.Metadata.Name) is not { } copy || !PullSecretCopy.HasData(copy, s))
            .Select(s => s.Metadata.Name).Order(StringComparer.Ordinal).ToList();
        return late.Count == 0 ? null : $"DPUCluster {link.Name}: Secret {string.Join(", ", late)} is not copied yet";
    }
}
