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
    public async Task<IReadOnlyDictionary<NamespacedName, Obstacle>> MissingAsync(
        DpuService service, IReadOnlyList<ClusterLink> clusters, CancellationToken cancellation)
    {
        var missing = await Task.WhenAll(clusters.Select(async link => (link.Name, Obstacle: await ObstacleAsync(service, link, cancellation))));
        return missing.Where(m => m.Obstacle is not null).ToDictionary(m => m.Name, m => m.Obstacle!);
    }

    private async Task<Obstacle?> ObstacleAsync(DpuService service, ClusterLink link, CancellationToken cancellation)
    {
        if (link.Remote is null)
        {
            return new Obstacle(link.Complaint, IsFailure: true);
        }

        var ns = service.Metadata.NamespaceProperty;
        try
        {
            await RemoteNamespaces.EnsureAsync(link.Remote, ns, cancellation);
        }
        catch (Exception e) when (Failures.IsExpected(e))
        {
            links.Suspect(link, e);
            return new Obstacle($"DPUCluster {link.Name}: {Failures.Describe(e)}", IsFailure: true);
        }

        // Content does not count: a token that is renewed must not make a service that runs look as if it did not.
        var copies = link.Remote.Cache.Informer<V1Secret>(PullSecretCopy.Labelled);
        var late = _secrets.All
            .Where(s => s.Metadata.NamespaceProperty == ns && s.Metadata.DeletionTimestamp is null)
            .Where(s => copies.Get(ns, s.Metadata.Name) is null)
            .Select(s => s.Metadata.Name).Order(StringComparer.Ordinal).ToList();
        return late.Count == 0
            ? null
            : new Obstacle($"DPUCluster {link.Name}: Secret {string.Join(", ", late)} is not copied yet", IsFailure: false);
    }
}

/// <summary>What keeps a chart from a cluster.</summary>
/// <param name="Text">What it is.</param>
/// <param name="IsFailure">Whether something failed, rather than takes a moment.</param>
internal sealed record Obstacle(string Text, bool IsFailure);
