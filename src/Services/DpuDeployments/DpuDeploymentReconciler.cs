using Dpf.Api.Provisioning;
using Dpf.Api.Services;
using Dpf.Runtime.Clusters;
using Dpf.Runtime.Conditions;
using Dpf.Runtime.Events;
using Dpf.Runtime.Informers;
using Dpf.Runtime.Reconciling;
using Dpf.Services.Clusters;
using Dpf.Services.DpuDeployments.Revisions;
using Dpf.Services.Reporting;

namespace Dpf.Services.DpuDeployments;

/// <summary>Makes a DPUDeployment's children from what it refers to, reports on them, and takes them down in order.</summary>
internal sealed partial class DpuDeploymentReconciler : IReconciler
{
    private const string Prerequisites = "PrerequisitesReady";
    private const string Fit = "ResourceFittingReady";
    private static readonly string[] Kinds = ["DPUSets", "DPUServices", "DPUServiceChains", "DPUServiceInterfaces"];

    private static readonly string[] Types =
        [ConditionExtensions.Ready, Prerequisites, Fit, .. Kinds.SelectMany(k => new[] { k + "Reconciled", k + "Ready" })];

    private static readonly TimeSpan Again = TimeSpan.FromSeconds(2);
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(10);

    private readonly Cache _cache;
    private readonly EventRecorder _events;
    private readonly TimeProvider _time;
    private readonly DependencyMarks _marks;
    private readonly ChildSet<DpuServiceInterface> _interfaces;
    private readonly ChildSet<DpuService> _services;
    private readonly ChildSet<DpuServiceChain> _chains;
    private readonly ChildSet<DpuSet> _dpuSets;
    private readonly DeploymentNodes _nodes;
    private readonly DpuClusterLinks _links;

    public DpuDeploymentReconciler(Cache cache, DpuClusterLinks links, EventRecorder events, TimeProvider time)
    {
        (_links, _nodes) = (links, new DeploymentNodes(links, time));
        (_cache, _events, _time, _marks) = (cache, events, time, new DependencyMarks(cache));
        (_interfaces, _services, _chains, _dpuSets) = (new(cache, events), new(cache, events), new(cache, events), new(cache, events));
    }

    /// <inheritdoc />
    public async Task<Result> ReconcileAsync(NamespacedName key, CancellationToken cancellation)
    {
        if (_cache.Informer<DpuDeployment>().Get(key.Namespace, key.Name) is not { } deployment)
        {
            // Of two that go together each takes the other for a user: the last one's going is what releases.
            await _marks.ReconcileAsync(key.Namespace!, null, cancellation);
            return Result.Done;
        }

        if (deployment.IsDeleting() && !deployment.HasFinalizer(DeploymentNames.Finalizer))
        {
            return Result.Done;
        }

        var draft = new StatusDraft(deployment, deployment.Status?.Conditions, deployment.Status?.ObservedGeneration, Types, _time);
        Result result;
        if (deployment.IsDeleting())
        {
            if (await TakeDownAsync(deployment, draft, cancellation))
            {
                await _marks.ReconcileAsync(key.Namespace!, key.Name, cancellation);
                await _cache.Client.RemoveFinalizerAsync(deployment, DeploymentNames.Finalizer, cancellation);
                return Result.Done;
            }

            result = Result.RequeueAfter(Patience);
        }
        else
        {
            await _cache.Client.AddFinalizerAsync(deployment, DeploymentNames.Finalizer, cancellation);
            result = await DeployAsync(deployment, draft, cancellation);
        }

        await draft.SaveAsync<DpuDeployment>(_cache.Client, _events, cancellation);
        return result;
    }

    private async Task<Result> DeployAsync(DpuDeployment deployment, StatusDraft draft, CancellationToken cancellation)
    {
        var ns = deployment.Metadata.NamespaceProperty;
        var (inputs, missing) = new Dependencies(
            name => _cache.Informer<Bfb>().Get(ns, name), name => _cache.Informer<DpuFlavor>().Get(ns, name),
            name => _cache.Informer<DpuServiceTemplate>().Get(ns, name), name => _cache.Informer<DpuServiceConfiguration>().Get(ns, name))
            .Resolve(deployment);
        try
        {
            await _marks.ReconcileAsync(ns, null, cancellation);
        }
        catch (Exception e) when (Failures.IsExpected(e))
        {
            draft.False(Prerequisites, Reasons.Pending, "Error occurred: " + Failures.Describe(e));
            return Result.RequeueAfter(Again);
        }

        // What is missing or wrong now is seen when it changes: nothing to try again.
        if (inputs is null)
        {
            draft.False(Prerequisites, Reasons.Pending, "Error occurred: " + string.Join("; ", missing));
            return Result.Done;
        }

        draft.TrueUnless(Prerequisites, Reasons.Failure, DeploymentCheck.Problems(inputs), prefix: "Error occurred: ");
        draft.TrueUnless(Fit, Reasons.Failure, Lacking(inputs), separator: ", ", prefix: "Error occurred: additional resources needed: ");
        if (!IsTrue(draft, Prerequisites) || !IsTrue(draft, Fit))
        {
            return Result.Done;
        }

        draft.True(Fit, ResourceFit.Besides(inputs, _cache.Informer<DpuService>().All));
        await _links.Settled.WaitAsync(cancellation);
        var plans = Plan(inputs);
        var choices = Choose(inputs, plans);
        var children = DeploymentChildren.Of(inputs, choices);
        var kept = plans.Values.SelectMany(p => p.Plan.Kept).ToList();
        var isDone =
            await ApplyAsync(
                draft, "DPUServiceInterfaces", _interfaces, deployment, children.Interfaces, [.. kept.SelectMany(s => s.Interfaces)], cancellation) &&
            await ApplyAsync(draft, "DPUServices", _services, deployment, children.Services, [.. kept.Select(s => s.Name)], cancellation) &&
            await ApplyAsync(draft, "DPUServiceChains", _chains, deployment, children.Chains, [], cancellation) &&
            await ApplyAsync(draft, "DPUSets", _dpuSets, deployment, children.DpuSets, [], cancellation) &&
            await MoveAsync(draft, deployment, plans, cancellation);
        Report(deployment, children, plans, draft);
        return isDone
            ? plans.Values.Select(p => p.Plan.CheckIn).Min() is { } check ? Result.RequeueAfter(check > Again ? check : Again) : Result.Done
            : Result.RequeueAfter(Again);
    }

    private static IReadOnlyList<string> Lacking(DeploymentInputs inputs)
    {
        try
        {
            return ResourceFit.Missing(inputs);
        }
        catch (FormatException e)
        {
            return [e.Message];
        }
    }

    private static async Task<bool> ApplyAsync<T>(
        StatusDraft draft, string kinds, ChildSet<T> children, DpuDeployment deployment, IReadOnlyList<T> wanted, HashSet<string> kept,
        CancellationToken cancellation)
        where T : class, k8s.IKubernetesObject<k8s.Models.V1ObjectMeta>
    {
        try
        {
            await children.ApplyAsync(deployment, wanted, kept, cancellation);
            draft.True(kinds + "Reconciled");
            return true;
        }
        catch (Exception e) when (Failures.IsExpected(e))
        {
            draft.False(kinds + "Reconciled", Reasons.Error, "Error occurred: " + Failures.Describe(e));
            return false;
        }
    }

    private void Report(
        DpuDeployment deployment, DeploymentChildren children, IReadOnlyDictionary<string, RolloutStep> plans, StatusDraft draft)
    {
        Say("DPUServiceInterfaces", DeploymentReadiness.Unready(children.Interfaces, _interfaces.Of(deployment), i => i.Status));
        Say("DPUServices",
        [
            .. DeploymentReadiness.Unready(children.Services, _services.Of(deployment), s => s.Status),
            .. plans.Values.Select(p => p.Plan.Progress).OfType<string>(),
        ]);
        Say("DPUServiceChains", DeploymentReadiness.Unready(children.Chains, _chains.Of(deployment), c => c.Status));
        Say("DPUSets", DeploymentReadiness.Unready(
            children.DpuSets, _dpuSets.Of(deployment), _cache.Informer<Dpu>().All,
            _cache.Informer<Bfb>().Get(deployment.Metadata.NamespaceProperty, deployment.Spec.Dpus.Bfb)));
        if (plans.Values.Select(p => p.Plan.Failure).OfType<string>().ToList() is { Count: > 0 } failures)
        {
            draft.False("DPUServicesReady", Reasons.Failure, string.Join("; ", failures));
        }

        void Say(string kinds, IReadOnlyList<string> unready) =>
            draft.TrueUnless(kinds + "Ready", Reasons.Pending, unready, separator: ",", prefix: "Objects not ready: ");
    }

    private static bool IsTrue(StatusDraft draft, string type) => draft.Conditions.IsTrue(type);
}
