using System.Collections.Concurrent;
using System.Text.Json.Nodes;
using Dpf.Api.Provisioning;
using Dpf.Provisioning.Bfbs;
using Dpf.Provisioning.Dpus.Phases;
using Dpf.Runtime.Clusters;
using Dpf.Runtime.Conditions;
using Dpf.Runtime.Events;
using Dpf.Runtime.Informers;
using Dpf.Runtime.Reconciling;
using k8s;
using k8s.Models;
using Microsoft.Extensions.Logging;

namespace Dpf.Provisioning.DpuSets;

/// <summary>Keeps a DPU for every card that a DPUSet means, and rolls a new image or flavor out over them.</summary>
internal sealed class DpuSetReconciler(Cache cache, EventRecorder events, TimeProvider time) : IReconciler
{
    private const int AtOnce = 16;
    private const int MostNames = 8;
    private const string FieldManager = "dpf-provisioning-dpuset";

    // Kubernetes' own: while a set has it, its DPUs are being taken from it.
    private const string OrphanFinalizer = "orphan";
    private readonly Informer<DpuSet> _sets = cache.Informer<DpuSet>();
    private readonly Informer<Dpu> _dpus = cache.Informer<Dpu>();
    private readonly Informer<V1Node> _nodes = cache.Informer<V1Node>();

    // Applied before in the same words: nothing to do unless somebody undid it.
    private readonly ConcurrentDictionary<string, string> _applied = new(StringComparer.Ordinal);

    // Seen before as it should be, from the same set, node and DPU.
    private readonly ConcurrentDictionary<string, string> _settled = new(StringComparer.Ordinal);

    /// <summary>The controller.</summary>
    public static RunningController<DpuSet> Build(Cache cache, EventRecorder events, ILoggerFactory loggers, TimeProvider time)
    {
        return Controller.For<DpuSet>(cache, "dpuset")
            .Owns<Dpu>()
            .WatchesForAll<V1Node>()
            .Watches<Bfb>(b => Naming(b, set => set.DpuTemplate?.Spec?.Bfb?.Name))
            .Watches<DpuFlavor>(f => Naming(f, set => set.DpuTemplate?.Spec?.DpuFlavor))
            .RestsAfterWork()
            .ResyncEvery(TimeSpan.FromMinutes(10))
            .Build(new DpuSetReconciler(cache, events, time), loggers, time);

        IEnumerable<NamespacedName> Naming(IKubernetesObject<V1ObjectMeta> named, Func<DpuSetSpec, string?> name) => cache.Informer<DpuSet>().All
            .Where(s => s.Metadata.NamespaceProperty == named.Metadata.NamespaceProperty && name(s.Spec) == named.Metadata.Name)
            .Select(s => new NamespacedName(s.Metadata.NamespaceProperty, s.Metadata.Name));
    }

    /// <inheritdoc />
    public async Task<Result> ReconcileAsync(NamespacedName key, CancellationToken cancellation)
    {
        if (_sets.Get(key.Namespace, key.Name) is not { } set)
        {
            return Result.Done;
        }

        var dpus = _dpus.All.Where(d => IsOf(set, d)).OrderBy(d => d.Metadata.Name, StringComparer.Ordinal).ToList();
        if (set.IsDeleting())
        {
            await ReportAsync(set, new DpuSetView(0, dpus, [], null), cancellation);
            await EndAsync(set, dpus, cancellation);
            return Result.Done;
        }

        set = await cache.Client.AddFinalizerAsync(set, ProvisioningLabels.DpuSetFinalizer, cancellation);
        var wanted = _nodes.All.OrderBy(n => n.Metadata.Name, StringComparer.Ordinal)
            .SelectMany(n => DpuSelection.Of(set.Spec, n).Select(card => (Node: n, Card: card))).ToList();
        var byName = dpus.ToDictionary(d => d.Metadata.Name, StringComparer.Ordinal);
        var found = new ConcurrentBag<string>();
        var made = new ConcurrentBag<string>();
        var parallel = new ParallelOptions { MaxDegreeOfParallelism = AtOnce, CancellationToken = cancellation };
        await Parallel.ForEachAsync(wanted, parallel, async (pair, stop) =>
        {
            if (await EnsureAsync(set, pair.Node, pair.Card, byName, made, stop) is { } problem)
            {
                found.Add(problem);
                await events.WarningAsync(set, "FailedCreate", problem, stop);
            }
        });
        if (!made.IsEmpty)
        {
            await events.NormalAsync(set, "SuccessfulCreate", $"made {Names([.. made.Order(StringComparer.Ordinal)])}", cancellation);
        }

        var problems = found.Order(StringComparer.Ordinal).ToList();

        foreach (var dpu in dpus.Where(d => !d.IsDeleting() && !DpuSelection.Keeps(set.Spec, d, _nodes.Get(null, d.Spec.NodeName))))
        {
            await DeleteAsync(set, dpu, "its node is not selected any more", cancellation);
        }

        var missing = Missing(set);
        if (missing is null)
        {
            await RollAsync(set, dpus, wanted.Count, cancellation);
        }

        await ReportAsync(set, new DpuSetView(wanted.Count, dpus, problems, missing), cancellation);
        return problems.Count == 0 ? Result.Done : Result.RequeueAfter(TimeSpan.FromSeconds(5));
    }

    private static bool IsOf(DpuSet set, Dpu dpu) =>
        dpu.Metadata.NamespaceProperty == set.Metadata.NamespaceProperty &&
        dpu.Metadata.Labels?.TryGetValue(ProvisioningLabels.DpuSetName, out var name) == true && name == set.Metadata.Name &&
        dpu.Metadata.Labels.TryGetValue(ProvisioningLabels.DpuSetNamespace, out var ns) && ns == set.Metadata.NamespaceProperty;

    /// <summary>What the template names and DPUs cannot be made from: a working DPU is not taken down for it.</summary>
    private string? Missing(DpuSet set)
    {
        var (ns, template) = (set.Metadata.NamespaceProperty, set.Spec.DpuTemplate?.Spec);
        if (template?.DpuFlavor is { Length: > 0 } flavor && cache.Informer<DpuFlavor>().Get(ns, flavor) is null)
        {
            return $"DPUFlavor {ns}/{flavor} does not exist; create it";
        }

        return cache.Informer<Bfb>().Get(ns, template?.Bfb?.Name ?? "") switch
        {
            null => $"BFB {ns}/{template?.Bfb?.Name} does not exist; create it",
            { Status.Phase: BfbPhases.Ready } => null,
            var bfb => $"BFB {ns}/{bfb.Metadata.Name} {PendingPhase.Why(bfb)}",
        };
    }

    /// <summary>Makes a card's DPU, or brings it up to date; says what keeps it from that, which must not stop the others.</summary>
    private async Task<string?> EnsureAsync(DpuSet set, V1Node node, HostDpu card, Dictionary<string, Dpu> dpus, ConcurrentBag<string> created, CancellationToken cancellation)
    {
        var name = DpuNames.Dpu(node.Metadata.Name, card.Pci.Label);
        var present = dpus.GetValueOrDefault(name);
        if (present?.IsDeleting() == true)
        {
            return null;
        }

        try
        {
            if (present is null && await cache.Client.GetAsync<Dpu>(set.Metadata.NamespaceProperty, name, cancellation) is { } other)
            {
                if (IsOf(set, other))
                {
                    // Ours, and not seen by the informer yet, or going.
                    return null;
                }

                var owner = other.Metadata.OwnerReferences?.FirstOrDefault(o => o.Controller == true);
                return $"DPU {name} belongs to {(owner is null ? "nobody" : $"{owner.Kind} {owner.Name}")}; two DPUSets must not select the same DPU";
            }

            var seen = present is null ? "" : Seen(set, node, present);
            if (present is not null && _settled.GetValueOrDefault(present.Metadata.Uid) == seen)
            {
                return null;
            }

            var dpu = DpuRendering.Of(set, node, card, present);
            var text = KubernetesJson.Serialize(dpu);
            if (present is not null && _applied.GetValueOrDefault(present.Metadata.Uid) == text && Holds(present, text))
            {
                _settled[present.Metadata.Uid] = seen;
                return null;
            }

            var made = await cache.Client.ApplyAsync(dpu, FieldManager, cancellation);
            _applied[made.Metadata.Uid] = text;
            if (present is null)
            {
                created.Add(name);
            }

            return null;
        }
        catch (KubeException e) when (!e.IsConflict)
        {
            return $"DPU {name}: {e.Message}";
        }
    }

    private static string Names(List<string> dpus) => dpus.Count == 1 ? "DPU " + dpus[0]
        : $"{dpus.Count} DPUs: {string.Join(", ", dpus.Take(MostNames))}{(dpus.Count > MostNames ? ", …" : "")}";

    private static string Seen(DpuSet set, V1Node node, Dpu dpu) =>
        $"{set.Metadata.Generation} {string.Join(',', set.Metadata.Labels ?? new Dictionary<string, string>())} {node.Metadata.ResourceVersion} {dpu.Metadata.ResourceVersion}";

    private async Task RollAsync(DpuSet set, IReadOnlyList<Dpu> dpus, int wanted, CancellationToken cancellation)
    {
        if (set.Spec.Strategy?.Type != "RollingUpdate")
        {
            return;
        }

        var limit = RollingUpdatePlan.Limit(set.Spec.Strategy.RollingUpdate?.MaxUnavailable, wanted);
        var next = RollingUpdatePlan.Next(
            [.. dpus.Select(d => DpuSetStatusRules.Rolling(set, d))], wanted, limit);
        foreach (var dpu in dpus.Where(d => next.Contains(d.Metadata.Name)))
        {
            await DeleteAsync(set, dpu, "to be made anew from the set's template", cancellation);
        }
    }

    private async Task DeleteAsync(DpuSet set, Dpu dpu, string why, CancellationToken cancellation)
    {
        try
        {
            await cache.Client.DeleteAsync<Dpu>(dpu.Metadata.NamespaceProperty, dpu.Metadata.Name, cancellation, uid: dpu.Metadata.Uid);
            _applied.TryRemove(dpu.Metadata.Uid, out _);
            _settled.TryRemove(dpu.Metadata.Uid, out _);
            await events.NormalAsync(set, "SuccessfulDelete", $"deleted DPU {dpu.Metadata.Name}: {why}", cancellation);
        }
        catch (KubeException e) when (!e.IsConflict)
        {
            await events.WarningAsync(set, "FailedDelete", $"DPU {dpu.Metadata.Name}: {e.Message}", cancellation);
            throw;
        }
    }

    /// <summary>
    /// The set stays until its DPUs are gone: what they need, e.g. their boot image, is removed after it. DPUs that the garbage
    /// collector has taken from it (<c>kubectl delete --cascade=orphan</c>) are nobody's and stay.
    /// </summary>
    private async Task EndAsync(DpuSet set, IReadOnlyList<Dpu> dpus, CancellationToken cancellation)
    {
        if (set.HasFinalizer(OrphanFinalizer))
        {
            return;
        }

        var seen = dpus.Where(d => IsOwned(set, d)).ToList();
        if (seen.Count > 0 && seen.All(d => d.IsDeleting()))
        {
            return;
        }

        // Asked of the API server: that they were taken from the set may not have been heard yet.
        var owned = (await cache.Client.ListAsync<Dpu>(
            set.Metadata.NamespaceProperty, cancellation,
            $"{ProvisioningLabels.DpuSetName}={set.Metadata.Name},{ProvisioningLabels.DpuSetNamespace}={set.Metadata.NamespaceProperty}")).Where(d => IsOwned(set, d)).ToList();
        foreach (var dpu in owned.Where(d => !d.IsDeleting()))
        {
            await DeleteAsync(set, dpu, "its DPUSet is deleted", cancellation);
        }

        if (owned.Count == 0)
        {
            await cache.Client.RemoveFinalizerAsync(set, ProvisioningLabels.DpuSetFinalizer, cancellation);
        }
    }

    private static bool IsOwned(DpuSet set, Dpu dpu) => dpu.Metadata.OwnerReferences?.Any(o => o.Uid == set.Metadata.Uid) == true;

    private async Task ReportAsync(DpuSet set, DpuSetView view, CancellationToken cancellation)
    {
        var status = DpuSetStatusRules.Apply(set, view, time.GetUtcNow());
        var patch = JsonNode.Parse(KubernetesJson.Serialize(status))!.AsObject();
        if (set.Status is not null && JsonNode.DeepEquals(patch, JsonNode.Parse(KubernetesJson.Serialize(set.Status))))
        {
            return;
        }

        foreach (var phase in (set.Status?.DpuStatistics ?? []).Keys.Except(status.DpuStatistics!.Keys))
        {
            patch["dpuStatistics"]![phase] = null;
        }

        await cache.Client.PatchStatusAsync<DpuSet>(
            set.Metadata.NamespaceProperty, set.Metadata.Name, new JsonObject { ["status"] = patch }, cancellation);
        if (status.Conditions.Find(DpuSetStatusRules.UpToDate) is { Reason: Reasons.Failure or Reasons.Error } stopped &&
            set.Status?.Conditions.Find(DpuSetStatusRules.UpToDate)?.Message != stopped.Message)
        {
            await events.WarningAsync(set, "RolloutStopped", stopped.Message, cancellation);
        }
    }

    /// <summary>Whether an object has everything that was applied.</summary>
    private static bool Holds(Dpu present, string applied) =>
        Holds(JsonNode.Parse(KubernetesJson.Serialize(present)), JsonNode.Parse(applied)!.AsObject());

    private static bool Holds(JsonNode? present, JsonNode? wanted) => wanted is JsonObject fields
        ? present is JsonObject has && fields.All(f => f.Key is "apiVersion" or "kind" or "ownerReferences" or "status" || Holds(has[f.Key], f.Value))
        : JsonNode.DeepEquals(present, wanted);
}
