using System.Text.Json.Nodes;
using Dpf.Api.Provisioning;
using Dpf.Api.Services;
using Dpf.Runtime.Clusters;
using Dpf.Runtime.Informers;
using Dpf.Runtime.Reconciling;
using k8s;
using k8s.Models;

namespace Dpf.Services.DpuDeployments;

/// <summary>
/// Keeps what DPUDeployments refer to from being deleted: a finalizer for as long as any of them does, and a label with the
/// name of one of them. Who refers to what is read from the DPUDeployments, so sharing needs no counting.
/// </summary>
internal sealed class DependencyMarks(Cache cache)
{
    private readonly Informer<DpuDeployment> _deployments = cache.Informer<DpuDeployment>();

    /// <summary>Marks and releases in a namespace.</summary>
    /// <param name="ns">The namespace.</param>
    /// <param name="released">The name of a DPUDeployment that needs nothing any more, or null.</param>
    /// <param name="cancellation">Cancels requests.</param>
    public async Task ReconcileAsync(string ns, string? released, CancellationToken cancellation)
    {
        var users = _deployments.All.Where(d => d.Metadata.NamespaceProperty == ns && d.Metadata.Name != released).ToList();
        await MarkAsync<Bfb>(ns, users, d => [d.Spec.Dpus.Bfb], cancellation);
        await MarkAsync<DpuFlavor>(ns, users, d => [d.Spec.Dpus.Flavor], cancellation);
        await MarkAsync<DpuServiceTemplate>(ns, users, d => d.Spec.Services.Values.Select(s => s.ServiceTemplate), cancellation);
        await MarkAsync<DpuServiceConfiguration>(ns, users, d => d.Spec.Services.Values.Select(s => s.ServiceConfiguration), cancellation);
    }

    /// <summary>The mark that an object should have: the finalizers, and the name in the label. Pure.</summary>
    public static (IReadOnlyList<string> Finalizers, string? Consumer) Wanted(
        IKubernetesObject<V1ObjectMeta> value, IReadOnlyCollection<string> users)
    {
        var others = (value.Metadata.Finalizers ?? []).Where(f => f != DeploymentNames.Finalizer).ToList();
        var isMarked = value.HasFinalizer(DeploymentNames.Finalizer);

        // To an object on its way out nobody may add a finalizer.
        if (users.Count == 0 || (value.IsDeleting() && !isMarked))
        {
            return (others, null);
        }

        var consumer = Consumer(value) is { } now && users.Contains(now) ? now : users.Order(StringComparer.Ordinal).First();
        return (isMarked ? [.. value.Metadata.Finalizers!] : [.. others, DeploymentNames.Finalizer], consumer);
    }

    private async Task MarkAsync<T>(
        string ns, IReadOnlyCollection<DpuDeployment> deployments, Func<DpuDeployment, IEnumerable<string>> refersTo,
        CancellationToken cancellation)
        where T : class, IKubernetesObject<V1ObjectMeta>
    {
        foreach (var value in cache.Informer<T>().All.Where(v => v.Metadata.NamespaceProperty == ns))
        {
            var users = deployments.Where(d => refersTo(d).Contains(value.Metadata.Name)).Select(d => d.Metadata.Name).ToList();
            var (finalizers, consumer) = Wanted(value, users);
            if (consumer == Consumer(value) && finalizers.SequenceEqual(value.Metadata.Finalizers ?? []))
            {
                continue;
            }

            try
            {
                await cache.Client.PatchAsync<T>(
                    ns, value.Metadata.Name,
                    new JsonObject
                    {
                        ["metadata"] = new JsonObject
                        {
                            ["resourceVersion"] = value.Metadata.ResourceVersion,
                            ["finalizers"] = finalizers.Count == 0 ? null : new JsonArray([.. finalizers.Select(f => (JsonNode)f)]),
                            ["labels"] = new JsonObject { [DeploymentNames.ConsumedBy] = consumer },
                        },
                    },
                    cancellation);
            }
            catch (KubeException e) when (e.IsNotFound)
            {
                // Gone meanwhile.
            }
        }
    }

    private static string? Consumer(IKubernetesObject<V1ObjectMeta> value) =>
        value.Metadata.Labels?.TryGetValue(DeploymentNames.ConsumedBy, out var name) == true ? name : null;
}
