using System.Text.Json.Nodes;
using Dpf.Runtime.Clusters;
using Dpf.Runtime.Conditions;
using Dpf.Runtime.Events;
using Dpf.Runtime.Informers;
using Dpf.Runtime.Reconciling;
using Dpf.Runtime.Selecting;
using Dpf.Services.Clusters;
using Dpf.Services.Reporting;
using k8s;
using k8s.Models;

namespace Dpf.Services.Mirroring;

/// <summary>
/// Keeps the children of an object in every DPU cluster that it selects, all clusters at once, and reports on them. A cluster
/// that does not answer is reported and holds up no other.
/// </summary>
internal sealed class MirrorReconciler<T>(
    MirrorKind<T> kind, Cache management, DpuClusterLinks links, EventRecorder events, TimeProvider time) : IReconciler
    where T : class, IKubernetesObject<V1ObjectMeta>
{
    private static readonly TimeSpan Again = TimeSpan.FromSeconds(2);
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(5);
    private readonly Informer<T> _objects = management.Informer<T>();
    private readonly ClusterMirror _mirror = new(kind.Children, kind.FieldManager);

    /// <inheritdoc />
    public async Task<Result> ReconcileAsync(NamespacedName key, CancellationToken cancellation)
    {
        await links.Settled.WaitAsync(cancellation);
        if (_objects.Get(key.Namespace, key.Name) is not { } value)
        {
            return Result.Done;
        }

        var status = kind.Status(value);
        var draft = new StatusDraft(
            value, status?.Conditions, status?.ObservedGeneration, [ConditionExtensions.Ready, kind.Reconciled, kind.Ready], time);
        Result result;
        if (value.IsDeleting())
        {
            if (!value.HasFinalizer(kind.Finalizer))
            {
                return Result.Done;
            }

            if (await TakeDownAsync(value, key, draft, cancellation))
            {
                await management.Client.RemoveFinalizerAsync(value, kind.Finalizer, cancellation);
                return Result.Done;
            }

            result = Result.RequeueAfter(Patience);
        }
        else
        {
            await management.Client.AddFinalizerAsync(value, kind.Finalizer, cancellation);
            result = await ConvergeAsync(value, key, draft, cancellation);
        }

        await draft.SaveAsync<T>(management.Client, events, cancellation);
        return result;
    }

    private async Task<Result> ConvergeAsync(T value, NamespacedName key, StatusDraft draft, CancellationToken cancellation)
    {
        if (LabelSelection.Problem(kind.Selector(value)) is { } wrong)
        {
            // What it meant before stays.
            draft.TrueUnless(kind.Reconciled, Reasons.Error, [$"spec.clusterSelector: {wrong}"], prefix: "Error occurred: ");
            return Result.Done;
        }

        var all = links.All.Where(l => l.IsTarget).ToList();
        var selected = all.Where(l => kind.Selector(value).Selects(l.Cluster.Metadata.Labels)).ToHashSet();
        var plan = kind.Plan(value);
        var outcomes = await Task.WhenAll(all.Select(async link =>
        {
            IReadOnlyList<JsonObject> wanted = selected.Contains(link) ? plan : [];
            try
            {
                if (link.Remote is null)
                {
                    // Where it was never wanted nothing is missed.
                    return new Outcome(link) { Failure = wanted.Count > 0 ? link.Complaint : null };
                }

                await _mirror.ConvergeAsync(link.Remote, key, wanted, cancellation);
                return new Outcome(link);
            }
            catch (Exception e) when (Failures.IsExpected(e))
            {
                links.Suspect(link, e);
                return new Outcome(link) { Failure = Describe(link, e), IsWorthTrying = true };
            }
        }));

        var reports = outcomes.Where(o => selected.Contains(o.Link)).Select(o => Report(o, key, plan.Count > 0)).ToList();
        var unready = reports.SelectMany(r => r.Unready.Select(p => $"{{Cluster: {r.Link.Name}, Object: {key}}}: {p}")).ToList();
        if (selected.Count == 0 && all.Count > 0)
        {
            unready.Add("no DPUCluster has the labels of spec.clusterSelector");
        }

        draft.TrueUnless(kind.Reconciled, Reasons.Error, [.. outcomes.Select(o => o.Failure).OfType<string>()], prefix: "Error occurred: ");
        draft.TrueUnless(kind.Ready, Reasons.Pending, unready, separator: ", ", prefix: "Objects not ready: ");
        draft.Field("clusters", ClusterReport.Json(reports));
        return outcomes.Any(o => o.IsWorthTrying) ? Result.RequeueAfter(Again) : Result.Done;
    }

    private ClusterReport Report(Outcome outcome, NamespacedName key, bool isWanted)
    {
        var remote = outcome.Link.Remote;
        var children = remote is null ? [] : kind.Children.SelectMany(c => c.Cached(remote.Cache, key)).ToList();
        return new ClusterReport(outcome.Link, outcome.Failure, remote is null
            ? ["the cluster does not answer"]
            : children.Count == 0 && isWanted
                ? ["not there yet"]
                : [.. children.Select(c => kind.Problem(remote, c)).OfType<string>()]);
    }

    /// <summary>Asks for the end of the children; true once all are gone, or given up with their cluster.</summary>
    private async Task<bool> TakeDownAsync(T value, NamespacedName key, StatusDraft draft, CancellationToken cancellation)
    {
        var outcomes = await Task.WhenAll(links.All.Select(async link =>
        {
            try
            {
                return link.Remote is null
                    ? new Outcome(link) { Failure = link.Complaint }
                    : new Outcome(link) { Left = await _mirror.DeleteAsync(link.Remote, key, cancellation) };
            }
            catch (Exception e) when (Failures.IsExpected(e))
            {
                links.Suspect(link, e);
                return new Outcome(link) { Failure = Describe(link, e) };
            }
        }));

        // What a cluster that is itself on its way out still holds goes with it.
        var staying = outcomes.Where(o => !o.Link.IsLeaving).ToList();
        draft.Field("clusters", ClusterReport.Json(
        [
            .. staying.Where(o => o.Left > 0 || o.Failure is not null)
                .Select(o => new ClusterReport(o.Link, o.Failure, [$"{o.Left} objects still exist"])),
        ]));
        var left = staying.Sum(o => o.Left);
        var waiting = staying.Select(o => o.Failure).OfType<string>().ToList();
        if (left > 0)
        {
            waiting.Insert(0, $"{left} objects still exist across all DPU clusters");
        }

        if (waiting.Count == 0)
        {
            return true;
        }

        var isNew = draft.Conditions.Find(kind.Reconciled)?.Reason != Reasons.AwaitingDeletion;
        draft.False(kind.Reconciled, Reasons.AwaitingDeletion, string.Join("; ", waiting));
        if (isNew && kind.InUse(value) is { } user)
        {
            await events.WarningAsync(value, "DeletedInUse", $"it is being deleted while {user} uses it", cancellation);
        }

        return false;
    }

    private static string Describe(ClusterLink link, Exception e) => $"DPUCluster {link.Name}: {Failures.Describe(e)}";

    /// <summary>How it went in one cluster.</summary>
    private sealed record Outcome(ClusterLink Link)
    {
        /// <summary>How many children are still there.</summary>
        public int Left { get; init; }

        /// <summary>What went wrong; null for nothing.</summary>
        public string? Failure { get; init; }

        /// <summary>Whether no event tells when to try again.</summary>
        public bool IsWorthTrying { get; init; }
    }
}
