using System.Collections.Concurrent;
using Dpf.Api.Operator;
using Dpf.Api.Provisioning;
using Dpf.Provisioning.Dms;
using Dpf.Runtime.Clusters;
using Dpf.Runtime.Informers;
using Dpf.Runtime.Reconciling;
using k8s.Models;

namespace Dpf.Provisioning.Dpus;

/// <summary>Keeps a DPU's two pods on its host.</summary>
internal sealed class PodKeeper(DpuTools tools)
{
    private const int UsualMtu = 1500;
    private readonly ConcurrentDictionary<string, SemaphoreSlim> _hosts = new(StringComparer.Ordinal);

    /// <summary>How old a pod that has ended has to be before it is made anew: one that ended at once would end again.</summary>
    public static TimeSpan Rest { get; } = TimeSpan.FromSeconds(5);

    /// <summary>What is looked at: the pods that provisioning makes.</summary>
    public static InformerScope Scope { get; } = new(LabelSelector: $"{ProvisioningLabels.Component} in ({DmsPod.ComponentName},hostnetwork)");

    /// <summary>The DMS pod; made if it is missing or has ended, null while an earlier one goes.</summary>
    /// <param name="scope">The DPU.</param>
    /// <param name="cancellation">Gives up.</param>
    /// <param name="keepsEnded">Whether one that has ended is left there, for who keeps count of them.</param>
    /// <exception cref="InvalidOperationException">The DPU says no PCI address, or its host is unknown.</exception>
    public async Task<V1Pod?> DmsAsync(DpuScope scope, CancellationToken cancellation, bool keepsEnded = false)
    {
        if (Find(scope, DpuNames.DmsPod(scope.Dpu), out var isLeaving) is { } present)
        {
            return await OursAsync(scope, present, isLeaving, keepsEnded, cancellation);
        }

        var host = scope.Host ?? throw new InvalidOperationException($"node {scope.Dpu.Spec.NodeName} does not exist");
        if (ServerCertificate.Addresses(host).Count == 0)
        {
            throw new InvalidOperationException($"node {scope.Dpu.Spec.NodeName} has no address yet");
        }

        await tools.Client.ApplyAsync(ServerCertificate.Plan(scope.Dpu, host), "dpf-provisioning-dpu", cancellation);

        // The port is the host's: two DPUs of a host must not choose at the same time.
        var turn = _hosts.GetOrAdd(scope.Dpu.Spec.NodeName, _ => new SemaphoreSlim(1, 1));
        await turn.WaitAsync(cancellation);
        try
        {
            var onHost = await NeighboursAsync(scope, cancellation);
            return await CreateAsync(DmsPod.Plan(scope.Dpu, scope.HostTaints, Pci(scope), DmsPod.FreePort(onHost), tools.Options), cancellation);
        }
        finally
        {
            turn.Release();
        }
    }

    /// <summary>The host network pod; made if it is missing, has ended or was told something else, null while an earlier one goes.</summary>
    /// <exception cref="InvalidOperationException">The DPU says no PCI address, or its flavor is unknown.</exception>
    public async Task<V1Pod?> HostNetworkAsync(DpuScope scope, CancellationToken cancellation)
    {
        var flavor = Flavor(scope);
        if (Find(scope, DpuNames.HostNetworkPod(scope.Dpu), out var isLeaving) is not { } present)
        {
            return await CreateAsync(
                HostNetworkPlan(
                    scope, Pci(scope),
                    flavor ?? throw new InvalidOperationException($"DPUFlavor {scope.Key.Namespace}/{scope.Dpu.Spec.DpuFlavor} does not exist; create it")),
                cancellation);
        }

        var pod = await OursAsync(scope, present, isLeaving, keepsEnded: false, cancellation);
        if (pod is null || flavor is null || scope.Pci is not { } pci || HostNetworkPod.DoesAs(pod, HostNetworkPlan(scope, pci, flavor)))
        {
            return pod;
        }

        // It is told once, when it starts.
        await RemoveAsync(scope, pod.Metadata.Name, cancellation);
        return null;
    }

    /// <summary>The MTU of host network pods.</summary>
    public static int MtuOf(DpfOperatorConfig? config) => config?.Spec.Networking?.HighSpeedMtu ?? UsualMtu;

    /// <summary>The DMS pods of the host's other DPUs, asked of the API server: one made a moment ago is in no cache yet.</summary>
    private async Task<IReadOnlyList<V1Pod>> NeighboursAsync(DpuScope scope, CancellationToken cancellation)
    {
        List<V1Pod> pods = [];
        foreach (var neighbour in scope.Siblings)
        {
            if (await tools.Client.GetAsync<V1Pod>(neighbour.Metadata.NamespaceProperty, DpuNames.DmsPod(neighbour), cancellation) is { } pod)
            {
                pods.Add(pod);
            }
        }

        return pods;
    }

    /// <summary>The DPU's flavor: an empty one when it names none, null when it does not exist.</summary>
    public DpuFlavorSpec? Flavor(DpuScope scope) => string.IsNullOrEmpty(scope.Dpu.Spec.DpuFlavor)
        ? new DpuFlavorSpec()
        : tools.Cache.Informer<DpuFlavor>().Get(scope.Key.Namespace, scope.Dpu.Spec.DpuFlavor)?.Spec;

    /// <summary>A pod by its name.</summary>
    public V1Pod? Find(DpuScope scope, string name, out bool isLeaving)
    {
        var pod = tools.Cache.Informer<V1Pod>(Scope).Get(scope.Key.Namespace, name);
        isLeaving = pod?.IsDeleting() == true;
        return pod;
    }

    /// <summary>Takes a pod of a DPU away, to be made anew.</summary>
    public async Task RemoveAsync(DpuScope scope, string name, CancellationToken cancellation)
    {
        if (Find(scope, name, out var isLeaving) is { } pod && !isLeaving)
        {
            await tools.Client.DeleteAsync<V1Pod>(scope.Key.Namespace, name, cancellation, uid: pod.Metadata.Uid);
        }
    }

    private V1Pod HostNetworkPlan(DpuScope scope, PciAddress pci, DpuFlavorSpec flavor) => HostNetworkPod.Plan(
        scope.Dpu, scope.HostTaints, pci, flavor, MtuOf(tools.Cache.Informer<DpfOperatorConfig>().All.Singleton()), tools.Options);

    private static PciAddress Pci(DpuScope scope) => scope.Pci ?? throw new InvalidOperationException(
        $"the DPU has no label {ProvisioningLabels.PciAddress}, e.g. 0000-03-00; set it, or spec.pciAddress");

    private async Task<V1Pod?> OursAsync(DpuScope scope, V1Pod pod, bool isLeaving, bool keepsEnded, CancellationToken cancellation)
    {
        if (isLeaving)
        {
            return null;
        }

        var isOurs = pod.Metadata.OwnerReferences?.Any(o => o.Uid == scope.Dpu.Metadata.Uid) == true;
        var isYoung = pod.Metadata.CreationTimestamp is { } made && scope.Now.UtcDateTime - made < Rest;
        if (isOurs && (keepsEnded || isYoung || !HostPods.HasEnded(pod)) && !HostPods.IsKeptOut(pod, scope.HostTaints))
        {
            return pod;
        }

        // Left over from an earlier DPU of the same name, or evicted, or ended with its host, or kept out by taints that are
        // provisioning's own: nobody else makes it anew.
        await tools.Client.DeleteAsync<V1Pod>(pod.Metadata.NamespaceProperty, pod.Metadata.Name, cancellation, uid: pod.Metadata.Uid);
        return null;
    }

    private async Task<V1Pod?> CreateAsync(V1Pod pod, CancellationToken cancellation)
    {
        try
        {
            return await tools.Client.CreateAsync(pod, cancellation);
        }
        catch (KubeException e) when (e.Reason == "AlreadyExists")
        {
            var present = await tools.Client.GetAsync<V1Pod>(pod.Metadata.NamespaceProperty, pod.Metadata.Name, cancellation);
            if (present is not null && present.Metadata.Labels?.ContainsKey(ProvisioningLabels.Component) != true)
            {
                // Made before pods carried the label: taken over.
                await tools.Client.PatchAsync<V1Pod>(
                    pod.Metadata.NamespaceProperty, pod.Metadata.Name,
                    new System.Text.Json.Nodes.JsonObject
                    {
                        ["metadata"] = new System.Text.Json.Nodes.JsonObject
                        {
                            ["labels"] = DpuScope.Map(pod.Metadata.Labels.Select(l => (l.Key, (string?)l.Value))),
                        },
                    },
                    cancellation);
            }

            return null;
        }
    }
}
