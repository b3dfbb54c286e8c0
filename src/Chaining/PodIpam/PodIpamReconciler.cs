using System.Text.Json.Nodes;
using Dpf.Api.Services;
using Dpf.Chaining.Ipam;
using Dpf.Runtime.Clusters;
using Dpf.Runtime.Events;
using Dpf.Runtime.Informers;
using Dpf.Runtime.Reconciling;
using k8s;
using k8s.Models;
using Microsoft.Extensions.Logging;

namespace Dpf.Chaining.PodIpam;

/// <summary>Names the pools of a service's pods as soon as pod, chain, interface and pool are there, whichever comes last.</summary>
internal sealed class PodIpamReconciler(Cache cache, string poolNamespace, EventRecorder events) : IReconciler
{
    private static readonly InformerScope ServicePods = new(LabelSelector: ChainingLabels.Service);

    /// <summary>The controller.</summary>
    /// <param name="cache">The DPU cluster.</param>
    /// <param name="poolNamespace">The namespace whose pools addresses come from.</param>
    /// <param name="loggers">Its log.</param>
    /// <param name="time">The clock.</param>
    public static RunningController<V1Pod> Build(Cache cache, string poolNamespace, ILoggerFactory loggers, TimeProvider time)
    {
        var events = new EventRecorder(cache.Client, "pod-ipam", time, loggers.CreateLogger("events"));
        return Controller.For<V1Pod>(cache, "pod-ipam", ServicePods)
            .Watches<ServiceChain>(c => Waiting(p => p.Metadata.NamespaceProperty == c.Metadata.NamespaceProperty && p.Spec.NodeName == c.Spec.Node))
            .Watches<ServiceInterface>(i => Waiting(p => p.Metadata.NamespaceProperty == i.Metadata.NamespaceProperty && p.Spec.NodeName == i.Spec.Node))
            .Watches<IpPool>(_ => Waiting(_ => true))
            .Watches<CidrPool>(_ => Waiting(_ => true))
            .Build(new PodIpamReconciler(cache, poolNamespace, events), loggers, time);

        IEnumerable<NamespacedName> Waiting(Func<V1Pod, bool> concerns) => cache.Informer<V1Pod>(ServicePods).All
            .Where(p => PodPools.IsWaiting(p) && concerns(p)).Select(p => new NamespacedName(p.Metadata.NamespaceProperty, p.Metadata.Name));
    }

    /// <inheritdoc />
    public async Task<Result> ReconcileAsync(NamespacedName key, CancellationToken cancellation)
    {
        if (cache.Informer<V1Pod>(ServicePods).Get(key.Namespace, key.Name) is not { } pod)
        {
            return Result.Done;
        }

        IEnumerable<IKubernetesObject<V1ObjectMeta>> pools = [.. cache.Informer<IpPool>().All, .. cache.Informer<CidrPool>().All];
        var wanted = PodPools.Of(
            pod, cache.Informer<ServiceChain>().All, cache.Informer<ServiceInterface>().All,
            [.. pools.Where(p => p.Metadata.NamespaceProperty == poolNamespace)]);
        foreach (var problem in wanted.Problems)
        {
            await events.WarningAsync(pod, "NoAddressPool", problem, cancellation);
        }

        if (wanted.Annotation is not null)
        {
            try
            {
                // Nothing but the annotations, and only of the pod that was looked at.
                await cache.Client.PatchAsync<V1Pod>(
                    key.Namespace, key.Name,
                    new JsonObject
                    {
                        ["metadata"] = new JsonObject
                        {
                            ["resourceVersion"] = pod.Metadata.ResourceVersion,
                            ["annotations"] = new JsonObject { [ChainingLabels.Networks] = wanted.Annotation, [ChainingLabels.OwnNetworks] = wanted.Own },
                        },
                    },
                    cancellation, fieldManager: "podIpamcontroller");
            }
            catch (KubeException e) when (e.IsNotFound)
            {
                // Gone meanwhile.
            }
        }

        return Result.Done;
    }
}
