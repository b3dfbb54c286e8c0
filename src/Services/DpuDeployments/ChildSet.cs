using Dpf.Api.Services;
using Dpf.Runtime.Events;
using Dpf.Runtime.Informers;
using Dpf.Services.Applying;
using k8s;
using k8s.Models;

namespace Dpf.Services.DpuDeployments;

/// <summary>The children of one kind that a DPUDeployment has, known by the label with its owner.</summary>
internal sealed class ChildSet<T>(Cache cache, EventRecorder events)
    where T : class, IKubernetesObject<V1ObjectMeta>
{
    private readonly Informer<T> _informer = cache.Informer<T>();
    private readonly Applier _applier = new("dpudeploymentcontroller");

    /// <summary>The children that there are.</summary>
    public IReadOnlyCollection<T> Of(DpuDeployment deployment) =>
        [.. _informer.All.Where(c => c.Metadata.NamespaceProperty == deployment.Metadata.NamespaceProperty && OwnerOf(c) == DeploymentNames.Owner(deployment))];

    /// <summary>Makes the children be exactly the wanted ones, and those that stay as they are.</summary>
    /// <exception cref="InvalidOperationException">A wanted name belongs to somebody else.</exception>
    public async Task ApplyAsync(
        DpuDeployment deployment, IReadOnlyList<T> wanted, IReadOnlySet<string> kept, CancellationToken cancellation)
    {
        foreach (var child in wanted)
        {
            var live = _informer.Get(child.Metadata.NamespaceProperty, child.Metadata.Name);
            if (live is not null && OwnerOf(live) != DeploymentNames.Owner(deployment))
            {
                throw new InvalidOperationException(
                    $"{child.Kind} {child.Metadata.NamespaceProperty}/{child.Metadata.Name} exists and is " +
                    $"{(OwnerOf(live) is { } owner ? $"of DPUDeployment {owner.Replace('_', '/')}" : "of no DPUDeployment")}; delete or rename one of them");
            }

            await _applier.ApplyAsync(cache.Client, Applier.Json(child), live, cancellation);
            if (Revision(child) is { } revision && live is not null && Revision(live) != revision)
            {
                await events.NormalAsync(
                    deployment, "RevisionChanged", $"{child.Kind} {child.Metadata.Name} is now of revision {revision}", cancellation);
            }
        }

        foreach (var stale in Of(deployment).Where(c => !kept.Contains(c.Metadata.Name) && wanted.All(w => w.Metadata.Name != c.Metadata.Name)))
        {
            await cache.Client.DeleteAsync<T>(stale.Metadata.NamespaceProperty, stale.Metadata.Name, cancellation);
        }
    }

    /// <summary>Asks for the end of all children; how many there still are.</summary>
    public async Task<int> DeleteAsync(DpuDeployment deployment, CancellationToken cancellation)
    {
        // Asked anew: a child that was made a moment ago is in no cache yet.
        var (ns, selector) = (deployment.Metadata.NamespaceProperty, $"{DeploymentNames.OwnedBy}={DeploymentNames.Owner(deployment)}");
        foreach (var child in (await cache.Client.ListAsync<T>(ns, cancellation, selector)).Where(c => c.Metadata.DeletionTimestamp is null))
        {
            await cache.Client.DeleteAsync<T>(ns, child.Metadata.Name, cancellation);
        }

        return (await cache.Client.ListAsync<T>(ns, cancellation, selector)).Count;
    }

    private static string? OwnerOf(T child) =>
        child.Metadata.Labels?.TryGetValue(DeploymentNames.OwnedBy, out var owner) == true ? owner : null;

    private static string? Revision(T child) => child.Metadata.Annotations is not { } annotations
        ? null
        : annotations.TryGetValue(DeploymentNames.ServiceRevision, out var service) ? service
        : annotations.TryGetValue(DeploymentNames.ChainRevision, out var chain) ? chain : null;
}
