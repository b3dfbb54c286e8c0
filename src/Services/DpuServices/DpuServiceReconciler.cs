using System.Text.Json.Nodes;
using Dpf.Api.Operator;
using Dpf.Api.Services;
using Dpf.Runtime.Clusters;
using Dpf.Runtime.Conditions;
using Dpf.Runtime.Events;
using Dpf.Runtime.Informers;
using Dpf.Runtime.Reconciling;
using Dpf.Services.Argo;
using Dpf.Services.Clusters;
using Dpf.Services.Interfaces;
using Dpf.Services.Reporting;

namespace Dpf.Services.DpuServices;

/// <summary>Deploys a DPUService through Argo CD: an Application in every DPU cluster, or one in the management cluster.</summary>
internal sealed partial class DpuServiceReconciler(
    Cache management, DpuClusterLinks links, ArgoDestinations destinations, EventRecorder events, TimeProvider time) : IReconciler
{
    internal const string Finalizer = "dpu.nvidia.com/dpuservice";
    internal const string PrereqsReconciled = "ApplicationPrereqsReconciled";
    internal const string ApplicationsReconciled = "ApplicationsReconciled";
    internal const string ApplicationsReady = "ApplicationsReady";
    internal const string InterfaceReconciled = "DPUServiceInterfaceReconciled";

    private static readonly string[] Types =
        [ConditionExtensions.Ready, PrereqsReconciled, ApplicationsReconciled, ApplicationsReady, InterfaceReconciled];

    private static readonly TimeSpan Again = TimeSpan.FromSeconds(2);
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);

    private readonly KubeClient _client = management.Client;
    private readonly Informer<DpuService> _services = management.Informer<DpuService>();
    private readonly Informer<DpuServiceInterface> _interfaces = management.Informer<DpuServiceInterface>();
    private readonly Informer<DpfOperatorConfig> _configs = management.Informer<DpfOperatorConfig>();
    private readonly Informer<ArgoApplication> _applications = management.Informer<ArgoApplication>(ArgoDestinations.Ours);
    private readonly ApplicationWriter _writer = new(management.Client);
    private readonly ServicePrerequisites _prerequisites = new(management, links);

    /// <inheritdoc />
    public async Task<Result> ReconcileAsync(NamespacedName key, CancellationToken cancellation)
    {
        await links.Settled.WaitAsync(cancellation);
        if (_services.Get(key.Namespace, key.Name) is not { } service || (service.IsDeleting() && !service.HasFinalizer(Finalizer)))
        {
            return Result.Done;
        }

        var draft = new StatusDraft(service, service.Status?.Conditions, service.Status?.ObservedGeneration, Types, time);
        Result? result;
        if (service.Spec.Paused == true)
        {
            result = await PauseAsync(service, draft, cancellation);
        }
        else if (service.IsDeleting())
        {
            result = await TakeDownAsync(service, draft, cancellation);
        }
        else
        {
            await _client.AddFinalizerAsync(service, Finalizer, cancellation);
            result = await DeployAsync(service, draft, cancellation);
        }

        if (result is null)
        {
            await _client.RemoveFinalizerAsync(service, Finalizer, cancellation);
            return Result.Done;
        }

        await draft.SaveAsync<DpuService>(_client, events, cancellation);
        return result.Value;
    }

    private async Task<Result> DeployAsync(DpuService service, StatusDraft draft, CancellationToken cancellation)
    {
        var name = $"{service.Metadata.NamespaceProperty}/{service.Metadata.Name}";
        if (_configs.All.Singleton() is not { } config)
        {
            draft.False(
                PrereqsReconciled, Reasons.Error,
                $"Unable to reconcile application prereq for {name}: DPFOperatorConfig {DpfOperatorConfigs.Namespace}/{DpfOperatorConfigs.Name} is necessary, there is none");
            return Result.Done;
        }

        IReadOnlyList<JsonObject> networks;
        JsonObject values;
        try
        {
            networks = await ClaimAsync(service, cancellation);
            values = ServiceValues.Of(service, networks);
            draft.True(InterfaceReconciled);
        }
        catch (Exception e) when (Failures.IsExpected(e))
        {
            draft.False(InterfaceReconciled, Reasons.Error, $"Unable to reconcile interfaces for {name}: {Failures.Describe(e)}");
            Summarise(service, draft);
            return e is KubeException ? Result.RequeueAfter(Again) : Result.Done;
        }

        var clusters = service.Spec.DeployInCluster == true ? [] : links.All.Where(l => l.IsTarget).ToList();
        IReadOnlyDictionary<NamespacedName, Obstacle> missing;
        try
        {
            await destinations.ReconcileAsync(config, cancellation);
            missing = await _prerequisites.MissingAsync(service, clusters, cancellation);
            Say(draft, PrereqsReconciled, missing.Values, $"Unable to reconcile application prereq for {name}: ");
        }
        catch (Exception e) when (Failures.IsExpected(e))
        {
            draft.False(PrereqsReconciled, Reasons.Error, $"Unable to reconcile application prereq for {name}: {Failures.Describe(e)}");
            Summarise(service, draft);
            return Result.RequeueAfter(Again);
        }

        var failures = await DeployAsync(service, config.Metadata.NamespaceProperty, clusters, missing, values, cancellation);
        Say(draft, ApplicationsReconciled, failures, "Unable to reconcile Applications: ");
        Summarise(service, draft);

        // Clusters that answer again and Secrets that arrive are seen; a refusal is not.
        return failures.Count > 0 || missing.Count > 0 ? Result.RequeueAfter(Patience) : Result.Done;
    }

    private static void Say(StatusDraft draft, string condition, IEnumerable<Obstacle> obstacles, string prefix)
    {
        var all = obstacles.ToList();
        draft.TrueUnless(
            condition, all.Any(o => o.IsFailure) ? Reasons.Error : Reasons.Pending, [.. all.Select(o => o.Text)], prefix: prefix);
    }

    private async Task<IReadOnlyList<Obstacle>> DeployAsync(
        DpuService service, string argoNamespace, IReadOnlyList<ClusterLink> clusters, IReadOnlyDictionary<NamespacedName, Obstacle> missing,
        JsonObject values, CancellationToken cancellation)
    {
        var targets = service.Spec.DeployInCluster == true
            ? [(Destination: ArgoObjects.InCluster, Missing: null)]
            : clusters.Select(c => (Destination: DestinationOf(c), Missing: missing.GetValueOrDefault(c.Name))).ToList();
        var failures = new List<Obstacle>();
        foreach (var (destination, obstacle) in targets)
        {
            var application = ServiceApplications.Name(service, destination, argoNamespace, _applications.All);
            var known = _applications.Get(argoNamespace, application);
            if (obstacle is not null && known is null)
            {
                // Argo CD would fail without the namespace, and give up after a while.
                failures.Add(obstacle with { Text = $"{application} waits: {obstacle.Text}" });
                continue;
            }

            try
            {
                await WriteAsync(service, destination, argoNamespace, application, values, cancellation);
            }
            catch (Exception e) when (Failures.IsExpected(e))
            {
                failures.Add(new Obstacle($"{application}: {Failures.Describe(e)}", IsFailure: true));
            }
        }

        // A cluster that is on its way, or cannot be reached for a while, keeps what it has.
        var wanted = service.Spec.DeployInCluster == true
            ? [ArgoObjects.InCluster]
            : links.Clusters.Select(destinations.NameOf).ToHashSet(StringComparer.Ordinal);
        foreach (var stale in Owned(service).Where(a => !wanted.Contains(a.Label(ArgoObjects.ClusterLabel) ?? "")))
        {
            try
            {
                await _writer.DeleteAsync(stale, IsClusterGone(stale), cancellation);
            }
            catch (Exception e) when (Failures.IsExpected(e))
            {
                failures.Add(new Obstacle($"{stale.Metadata.Name} is not wanted any more: {Failures.Describe(e)}", IsFailure: true));
            }
        }

        return failures;
    }

    private async Task WriteAsync(
        DpuService service, string destination, string argoNamespace, string name, JsonObject values, CancellationToken cancellation)
    {
        foreach (var candidate in (string[])[name, ServiceApplications.LongName(service, destination)])
        {
            if (await _writer.WriteAsync(
                ServiceApplications.Wanted(service, destination, argoNamespace, candidate, values),
                _applications.Get(argoNamespace, candidate), cancellation))
            {
                return;
            }
        }

        throw new InvalidOperationException($"there is such an Application in {argoNamespace} already, and it is another DPUService's");
    }

    /// <summary>Claims the service's interfaces and lets go of those it has no more; the networks that they ask for.</summary>
    private async Task<IReadOnlyList<JsonObject>> ClaimAsync(DpuService service, CancellationToken cancellation)
    {
        var there = _interfaces.All.Where(i => i.Metadata.NamespaceProperty == service.Metadata.NamespaceProperty).ToList();
        var networks = ServiceInterfaces.Networks(service, there.ToDictionary(i => i.Metadata.Name, StringComparer.Ordinal));
        foreach (var claimed in ServiceInterfaces.ToClaim(service, there))
        {
            await MarkAsync(claimed, service.Metadata.Name, cancellation);
        }

        foreach (var released in ServiceInterfaces.ToRelease(service, isLeaving: false, there))
        {
            await MarkAsync(released, null, cancellation);
        }

        return networks;
    }

    // Only the annotation, and only on what was looked at: two services may reach for the same interface.
    private Task MarkAsync(DpuServiceInterface value, string? consumer, CancellationToken cancellation) =>
        _client.PatchAsync<DpuServiceInterface>(
            value.Metadata.NamespaceProperty, value.Metadata.Name,
            new JsonObject
            {
                ["metadata"] = new JsonObject
                {
                    ["resourceVersion"] = value.Metadata.ResourceVersion,
                    ["annotations"] = new JsonObject { [InterfaceMirror.ConsumedBy] = consumer },
                },
            },
            cancellation, fieldManager: "dpuservice-manager");

    private void Summarise(DpuService service, StatusDraft draft)
    {
        var problems = new List<string>();
        if (service.Spec.DeployInCluster == true)
        {
            problems.AddRange(Problems(service, ArgoObjects.InCluster));
        }
        else
        {
            foreach (var link in links.All.Where(l => l.IsTarget))
            {
                // What a cluster said before it fell silent proves nothing.
                problems.AddRange(link.Remote is null ? [link.Complaint] : Problems(service, DestinationOf(link)));
            }
        }

        draft.TrueUnless(ApplicationsReady, Reasons.Pending, problems, separator: ", ");
    }

    private IEnumerable<string> Problems(DpuService service, string destination)
    {
        var application = Owned(service).FirstOrDefault(a => a.Label(ArgoObjects.ClusterLabel) == destination);
        var name = application?.Metadata.Name ?? ArgoObjects.Name(destination, service.Metadata.Name);
        return ServiceApplications.Problem(name, application) is { } problem ? [problem] : [];
    }

    private List<ArgoApplication> Owned(DpuService service) =>
        [.. _applications.All.Where(a => ServiceApplications.Owns(service, a)).OrderBy(a => a.Metadata.Name, StringComparer.Ordinal)];

    private string DestinationOf(ClusterLink link) => destinations.NameOf(link.Cluster);

    private bool IsClusterGone(ArgoApplication application) =>
        application.Label(ArgoObjects.ClusterLabel) is var cluster && cluster != ArgoObjects.InCluster &&
        links.Clusters.All(c => destinations.NameOf(c) != cluster);
}
