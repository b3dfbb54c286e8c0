using Dpf.Api.Operator;
using Dpf.Api.Provisioning;
using Dpf.Api.Services;
using Dpf.Runtime.Clusters;
using Dpf.Runtime.Conditions;
using Dpf.Runtime.Events;
using Dpf.Runtime.Informers;
using Dpf.Runtime.Reconciling;
using Dpf.Services.Argo;
using Dpf.Services.Chains;
using Dpf.Services.Clusters;
using Dpf.Services.Credentials;
using Dpf.Services.DpuDeployments;
using Dpf.Services.DpuDeployments.Revisions;
using Dpf.Services.DpuServices;
using Dpf.Services.Interfaces;
using Dpf.Services.Ipam;
using Dpf.Services.Mirroring;
using Dpf.Services.PullSecrets;
using k8s;
using k8s.Models;
using Microsoft.Extensions.Logging;

namespace Dpf.Services;

/// <summary>The controllers of the services' kinds, and what each of them watches here and in DPU clusters.</summary>
internal sealed class ServiceControllers(
    Cache cache, ClusterClients clients, TargetCluster here, TimeProvider time, ILoggerFactory loggers)
{
    private static readonly TimeSpan Resync = TimeSpan.FromMinutes(10);
    private readonly DpuClusterLinks _links = new(cache, clients, time, loggers);
    private readonly EventRecorder _events = new(cache.Client, "dpuservice-controller", time, loggers.CreateLogger("events"));

    /// <summary>Starts them.</summary>
    public IEnumerable<Task> Start(CancellationToken cancellation)
    {
        var destinations = new ArgoDestinations(cache, _links);
        return
        [
            .. Mirrors(cancellation),
            Services(destinations).RunAsync(cancellation),
            Deployments().RunAsync(cancellation),
            PullSecrets().RunAsync(cancellation),
            Credentials().RunAsync(cancellation),

            // Last: who watches DPU clusters says so before the first is opened.
            _links.RunAsync(cancellation),
        ];
    }

    private IEnumerable<Task> Mirrors(CancellationToken cancellation)
    {
        yield return Mirror(InterfaceMirror.Kind, "dpuserviceinterface", Children<ServiceInterfaceSet>(s => KeyOf(s))).RunAsync(cancellation);
        yield return Mirror(ChainMirror.Kind, "dpuservicechain", Children<ServiceChainSet>(s => KeyOf(s))).RunAsync(cancellation);
        yield return Mirror(
            IpamMirror.Kind, "dpuserviceipam",
            enqueue =>
            {
                Children<IpPool>(p => IpamMirror.Blocks.ParentOf(p))(enqueue);
                Children<CidrPool>(p => IpamMirror.Networks.ParentOf(p))(enqueue);
                _links.Watch<V1Node>(null, _ => EnqueueAll<DpuServiceIpam>(enqueue));
            }).RunAsync(cancellation);
    }

    private RunningController<T> Mirror<T>(MirrorKind<T> kind, string name, Action<Action<NamespacedName>> children)
        where T : class, IKubernetesObject<V1ObjectMeta> =>
        Controller.For<T>(cache, name)
            .Source(children)
            .Source(ClustersChange<T>)
            .RestsAfterWork()
            .ResyncEvery(Resync)
            .Build(new MirrorReconciler<T>(kind, cache, _links, _events, time), loggers, time);

    private RunningController<DpuService> Services(ArgoDestinations destinations) =>
        Controller.For<DpuService>(cache, "dpuservice")
            .Watches<ArgoApplication>(
                a => a.Label(ArgoObjects.ServiceNameLabel) is { } name
                    ? [new NamespacedName(a.Label(ArgoObjects.ServiceNamespaceLabel), name)]
                    : [],
                ArgoDestinations.Ours)
            .Watches<DpuServiceInterface>(i => Of<DpuService>(i.Metadata.NamespaceProperty)
                .Where(s => s.Spec.Interfaces?.Contains(i.Metadata.Name) == true || ServiceInterfaces.Consumer(i) == s.Metadata.Name)
                .Select(KeyOf))
            .Watches<V1Secret>(s => Of<DpuService>(s.Metadata.NamespaceProperty).Select(KeyOf), PullSecretCopy.Labelled)
            .WatchesForAll<DpfOperatorConfig>()
            .WatchesForAll<V1Secret>(ArgoDestinations.Ours)
            .WatchesForAll<ArgoProject>(ArgoDestinations.Ours)
            .Source(ClustersChange<DpuService>)
            .Source(enqueue => _links.Watch<V1Secret>(PullSecretCopy.Labelled, s => EnqueueAll<DpuService>(enqueue, s.Metadata.NamespaceProperty)))
            .Source(enqueue => _links.Watch<V1Namespace>(null, n => EnqueueAll<DpuService>(enqueue, n.Metadata.Name)))
            .ResyncEvery(Resync)
            .Build(new DpuServiceReconciler(cache, _links, destinations, _events, time), loggers, time);

    private RunningController<V1Secret> PullSecrets() =>
        Controller.For<V1Secret>(cache, "pull-secrets", PullSecretCopy.Labelled)
            .Watches<DpuService>(service => LabelledSecrets(service.Metadata.NamespaceProperty))
            .Source(enqueue => _links.Watch<V1Secret>(PullSecretCopy.Labelled, s => enqueue(KeyOf(s))))
            .Source(enqueue => _links.Changed += () => LabelledSecrets(null).ToList().ForEach(enqueue))
            .ResyncEvery(Resync)
            .Build(new PullSecretReconciler(cache, _links, loggers.CreateLogger("pull-secrets")), loggers, time);

    private RunningController<DpuServiceCredentialRequest> Credentials() =>
        Controller.For<DpuServiceCredentialRequest>(cache, "dpuservicecredentialrequest")
            .Watches<V1Secret>(
                s => s.Metadata.Labels.TryGetValue(CredentialSecret.NamespaceLabel, out var ns)
                    ? [new NamespacedName(ns, s.Metadata.Labels[CredentialSecret.NameLabel])]
                    : [],
                CredentialReconciler.Answers)
            .Source(ClustersChange<DpuServiceCredentialRequest>)
            .ResyncEvery(Resync)
            .Build(
                new CredentialReconciler(cache, new CredentialTargets(cache.Client, here, _links), _events, time, Random.Shared), loggers, time);

    private RunningController<DpuDeployment> Deployments() =>
        Controller.For<DpuDeployment>(cache, "dpudeployment")
            .Owns<DpuServiceInterface>()
            .Owns<DpuService>()
            .Owns<DpuServiceChain>()
            .Owns<DpuSet>()
            .Watches<DpuService>(s => ResourceFit.Demand(s).Count > 0 ? Of<DpuDeployment>(null).Select(KeyOf) : [])
            .Watches<Dpu>(DeploymentOf)
            .Watches<Bfb>(b => Of<DpuDeployment>(b.Metadata.NamespaceProperty)
                .Where(d => d.Spec.Dpus.Bfb == b.Metadata.Name).Select(KeyOf))
            .Watches<DpuFlavor>(f => Of<DpuDeployment>(f.Metadata.NamespaceProperty)
                .Where(d => d.Spec.Dpus.Flavor == f.Metadata.Name).Select(KeyOf))
            .Watches<DpuServiceTemplate>(t => Of<DpuDeployment>(t.Metadata.NamespaceProperty)
                .Where(d => d.Spec.Services.Values.Any(s => s.ServiceTemplate == t.Metadata.Name)).Select(KeyOf))
            .Watches<DpuServiceConfiguration>(c => Of<DpuDeployment>(c.Metadata.NamespaceProperty)
                .Where(d => d.Spec.Services.Values.Any(s => s.ServiceConfiguration == c.Metadata.Name)).Select(KeyOf))
            .Source(ClustersChange<DpuDeployment>)
            .Source(enqueue => _links.WatchChanges<V1Node>(null, change =>
            {
                if (OwnerOf(change.Value) is { } owner && Differs(change.Before, change.After))
                {
                    enqueue(owner);
                }
            }))
            .Source(enqueue => _links.Watch<V1Pod>(
                DeploymentNodes.Pods, pod => Of<DpuDeployment>(null).Where(d => pod.Metadata.Labels.TryGetValue(DeploymentNames.Service, out var id) &&
                    d.Spec.Services.Keys.Any(s => DeploymentNames.ServiceId(d, s) == id)).Select(KeyOf).ToList().ForEach(enqueue)))
            .RestsAfterWork()
            .ResyncEvery(Resync)
            .Build(new DpuDeploymentReconciler(cache, _links, _events, time), loggers, time);

    // A namespace has no underscore in its name.
    private static NamespacedName? OwnerOf(V1Node node) =>
        node.Metadata.Labels?.TryGetValue(DeploymentNames.OwnedBy, out var owner) == true && owner.Split('_', 2) is [var ns, var name]
            ? new NamespacedName(ns, name)
            : null;

    // Nodes report every few minutes that nothing has changed.
    private static bool Differs(V1Node? before, V1Node? after) => before is null || after is null || before.IsReady() != after.IsReady() ||
        !(before.Metadata.Labels ?? new Dictionary<string, string>()).OrderBy(l => l.Key, StringComparer.Ordinal)
            .SequenceEqual((after.Metadata.Labels ?? new Dictionary<string, string>()).OrderBy(l => l.Key, StringComparer.Ordinal)) ||
        (before.Metadata.ManagedFields?.Count ?? 0) != (after.Metadata.ManagedFields?.Count ?? 0);

    // A DPU knows its set, and the set its DPUDeployment.
    private IEnumerable<NamespacedName> DeploymentOf(Dpu dpu) =>
        DeploymentReadiness.SetOf(dpu) is { } set && cache.Informer<DpuSet>().Get(dpu.Metadata.NamespaceProperty, set) is { } owned
            ? (owned.Metadata.OwnerReferences ?? []).Where(o => o.Kind == "DPUDeployment")
                .Select(o => new NamespacedName(dpu.Metadata.NamespaceProperty, o.Name))
            : [];

    private Action<Action<NamespacedName>> Children<TChild>(Func<TChild, NamespacedName?> parentOf)
        where TChild : class, IKubernetesObject<V1ObjectMeta> => enqueue => _links.Watch<TChild>(null, child =>
        {
            if (parentOf(child) is { } parent)
            {
                enqueue(parent);
            }
        });

    private void ClustersChange<T>(Action<NamespacedName> enqueue)
        where T : class, IKubernetesObject<V1ObjectMeta> => _links.Changed += () => EnqueueAll<T>(enqueue);

    private void EnqueueAll<T>(Action<NamespacedName> enqueue, string? ns = null)
        where T : class, IKubernetesObject<V1ObjectMeta>
    {
        foreach (var value in Of<T>(ns))
        {
            enqueue(KeyOf(value));
        }
    }

    private IEnumerable<T> Of<T>(string? ns)
        where T : class, IKubernetesObject<V1ObjectMeta> =>
        cache.Informer<T>().All.Where(v => ns is null || v.Metadata.NamespaceProperty == ns);

    // Those that are here and those that are only copies there: a copy whose source is gone must be found too.
    private IEnumerable<NamespacedName> LabelledSecrets(string? ns) =>
        _links.All.Where(l => l.Remote is not null)
            .SelectMany(l => l.Remote!.Cache.Informer<V1Secret>(PullSecretCopy.Labelled).All)
            .Concat(cache.Informer<V1Secret>(PullSecretCopy.Labelled).All)
            .Where(s => ns is null || s.Metadata.NamespaceProperty == ns)
            .Select(KeyOf).Distinct();

    private static NamespacedName KeyOf(IKubernetesObject<V1ObjectMeta> value) => new(value.Metadata.NamespaceProperty, value.Metadata.Name);
}
