using Dpf.Api.Services;
using Dpf.Chaining.PodIpam;
using Dpf.Runtime.Clusters;
using Dpf.Runtime.Hosting;
using Dpf.Runtime.Informers;
using Dpf.Runtime.Leases;
using Dpf.Runtime.Reconciling;
using k8s.Models;

namespace Dpf.Chaining.Sets;

/// <summary>Makes interfaces and chains of nodes from sets of them, and gives services' pods their address pools.</summary>
public sealed class ServiceSetsComponent : IComponent
{
    private const string LeaseName = "8a3114c5.dpu.nvidia.com";
    private const string NamespaceFile = "/var/run/secrets/kubernetes.io/serviceaccount/namespace";

    private static readonly SetKind<ServiceInterfaceSet, ServiceInterface> Interfaces = new(
        "serviceinterfaceset", "dpu.nvidia.com/serviceinterfaceset", "service-interface-set-controller", "ServiceInterfaces",
        set => set.Spec.NodeSelector, ChildPlan.Interface, set => set.Status, child => child.Spec.Node);

    private static readonly SetKind<ServiceChainSet, ServiceChain> Chains = new(
        "servicechainset", "dpu.nvidia.com/servicechainset", "service-chain-set-controller", "ServiceChains",
        set => set.Spec.NodeSelector, ChildPlan.Chain, set => set.Status, child => child.Spec.Node);

    /// <inheritdoc />
    public async Task RunAsync(ComponentContext context, CancellationToken cancellation)
    {
        using var client = context.InCluster();
        await LeaderElection.RunAsync(context, client, LeaseName, leading => WorkAsync(context, client, leading), cancellation);
    }

    /// <summary>Works until cancelled.</summary>
    internal static async Task WorkAsync(ComponentContext context, KubeClient client, CancellationToken cancellation)
    {
        await using var cache = new Cache(client, context.Time, context.Loggers);

        // Pools are where this controller is: what gives addresses looks nowhere else.
        var file = context.Path(NamespaceFile);
        var ns = File.Exists(file) ? (await File.ReadAllTextAsync(file, cancellation)).Trim() : "dpf-operator-system";
        await Together.RunAsync(
            stop =>
            [
                Build(Interfaces, "service-interface-set").RunAsync(stop),
                Build(Chains, "service-chain-set").RunAsync(stop),
                PodIpamReconciler.Build(cache, ns, context.Loggers, context.Time).RunAsync(stop),
            ],
            cancellation);

        RunningController<TSet> Build<TSet, TChild>(SetKind<TSet, TChild> kind, string name)
            where TSet : class, k8s.IKubernetesObject<V1ObjectMeta>
            where TChild : class, k8s.IKubernetesObject<V1ObjectMeta> =>
            Controller.For<TSet>(cache, name)
                .Owns<TChild>()
                .WatchesForAll<V1Node>()
                .RestsAfterWork()
                .ResyncEvery(TimeSpan.FromMinutes(10))
                .Build(
                    new SetReconciler<TSet, TChild>(kind, cache, context.Time, context.Loggers.CreateLogger(name)),
                    context.Loggers, context.Time);
    }
}
