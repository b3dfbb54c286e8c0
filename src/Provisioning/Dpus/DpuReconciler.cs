using System.Collections.Concurrent;
using System.Globalization;
using System.Text.Json.Nodes;
using Dpf.Api.Provisioning;
using Dpf.Provisioning.Dms;
using Dpf.Provisioning.Dpus.Phases;
using Dpf.Runtime.Clusters;
using Dpf.Runtime.Conditions;
using Dpf.Runtime.Reconciling;
using Grpc.Core;
using k8s;
using k8s.Models;

namespace Dpf.Provisioning.Dpus;

/// <summary>Takes a DPU through its phases: asks the handler of the phase it is in, saves what follows from the answer, tells.</summary>
internal sealed class DpuReconciler(DpuTools tools) : IReconciler
{
    private static readonly TimeSpan Pause = TimeSpan.FromSeconds(1);

    // Since when a wait says something that is not written yet, by the DPU's incarnation.
    private readonly ConcurrentDictionary<string, DateTimeOffset> _unwritten = new(StringComparer.Ordinal);

    /// <inheritdoc />
    public async Task<Result> ReconcileAsync(NamespacedName key, CancellationToken cancellation)
    {
        if (tools.Cache.Informer<Dpu>().Get(key.Namespace, key.Name) is not { } dpu)
        {
            return Result.Done;
        }

        if (!dpu.IsDeleting())
        {
            dpu = await tools.Client.AddFinalizerAsync(dpu, ProvisioningLabels.DpuFinalizer, cancellation);
        }
        else if (!dpu.HasFinalizer(ProvisioningLabels.DpuFinalizer))
        {
            return Result.Done;
        }

        var scope = new DpuScope(tools, dpu);
        List<PhaseRow> passed = [];
        while (true)
        {
            var row = PhaseTable.Of(dpu.IsDeleting() ? DpuPhases.Deleting : scope.Dpu.Status?.Phase);
            var (step, failure) = await HandleAsync(scope, row, cancellation);
            var (limited, left) = Limit(scope, row, step);
            limited = await AgainAsync(scope, row, limited, cancellation);
            if (limited is Step.Advance && PhaseTable.GoesOn(row, isAlone: !scope.Siblings.Any()))
            {
                // What is over at once is saved together with what comes then.
                scope.Reach(DpuStatusRules.Apply(scope.Dpu, row, limited, null, scope.Now));
                passed.Add(row);
                continue;
            }

            var look = new Look(dpu.Status, passed, row, limited);
            return await EndAsync(scope, look, limited == step ? failure : null, left, cancellation);
        }
    }

    /// <summary>Saves what a look came to, and says when to look again.</summary>
    private async Task<Result> EndAsync(DpuScope scope, Look look, Exception? failure, TimeSpan? left, CancellationToken cancellation)
    {
        if (look.Step is Step.Gone or Step.Rest)
        {
            return new Result(look.Step.After);
        }

        if (look.Passed.Count == 0 && Brief(scope, look.Row, look.Step) is { } pause)
        {
            return Result.RequeueAfter(pause);
        }

        await SaveAsync(scope, look, cancellation);
        if (failure is not null)
        {
            // Saved where users look; now again, with the queue's back-off.
            throw failure;
        }

        var after = look.Step.After;
        return look.Step is Step.Wait && left is { } remaining
            ? Result.RequeueAfter(after < remaining ? after.Value : remaining)
            : new Result(after);
    }

    /// <summary>
    /// How long to leave another word on the same wait unwritten: what is over in a moment nobody reads, and every write is one
    /// for each of ten thousand DPUs. Null when there is something to write now.
    /// </summary>
    private TimeSpan? Brief(DpuScope scope, PhaseRow row, Step step)
    {
        if (step is Step.Wait { IsTrouble: false, IsOverdue: false } wait && scope.Dpu.Status?.Phase == row.Phase &&
            scope.Dpu.Status.Conditions.Find(row.Condition) is { Status: "False" } written && written.Reason == wait.Reason && written.Message != wait.Message &&
            _unwritten.GetOrAdd(scope.Dpu.Metadata.Uid, scope.Now) + Pause - scope.Now is var left && left > TimeSpan.Zero)
        {
            return left;
        }

        _unwritten.TryRemove(scope.Dpu.Metadata.Uid, out _);
        return null;
    }

    private static async Task<(Step Step, Exception? Failure)> HandleAsync(DpuScope scope, PhaseRow row, CancellationToken cancellation)
    {
        try
        {
            return (await row.Handle(scope, cancellation), null);
        }
        catch (KubeException e) when (e.IsConflict)
        {
            throw;
        }
        catch (Exception e) when (e is KubeException or HttpRequestException or TimeoutException or RpcException or IOException
            or DmsException or DpuClusterException or InvalidOperationException or FormatException or UnauthorizedAccessException)
        {
            return (new Step.Wait(row.ErrorReason, e.Message) { IsTrouble = true }, e);
        }
    }

    /// <summary>Ends a phase that has taken too long, or calls it stalled; says how much time is left.</summary>
    private (Step Step, TimeSpan? Left) Limit(DpuScope scope, PhaseRow row, Step step)
    {
        if (step is not Step.Wait { IsUnlimited: false } wait || row.Limit(tools.Options) is not { } limit ||
            PhaseTable.Since(row, scope.Dpu, scope.Moment(ProvisioningLabels.RetriedAt)) is not { } since)
        {
            return (step, null);
        }

        var left = (wait.Since > since ? wait.Since.Value : since) + limit.Time - scope.Now;
        if (left > TimeSpan.Zero)
        {
            return (step, left);
        }

        return limit.Reason is null || wait.IsQueued
            ? (wait with { IsOverdue = true }, null)
            : (new Step.Fail(limit.Reason, string.Create(CultureInfo.InvariantCulture, $"not done in {limit.Time.TotalMinutes:0.#} minutes: {wait.Reason}: {wait.Message}")), null);
    }

    /// <summary>Begins a phase that failed anew, as often as it may; then a user has to.</summary>
    private static async Task<Step> AgainAsync(DpuScope scope, PhaseRow row, Step step, CancellationToken cancellation)
    {
        if (step is not Step.Fail fail)
        {
            return step;
        }

        var attempts = scope.Attempts(row.Phase) + 1;
        if (row.Again is not var (budget, begin) || attempts >= budget)
        {
            return fail.Message.Contains(ProvisioningLabels.Retry, StringComparison.Ordinal)
                ? fail
                : fail with { Message = $"{fail.Message}; when that is settled, annotate the DPU with {ProvisioningLabels.Retry}=true to go on, or delete it" };
        }

        await scope.RecordAsync(
            cancellation,
            (ProvisioningLabels.PhaseAttempts, string.Create(CultureInfo.InvariantCulture, $"{row.Phase}={attempts}")),
            (ProvisioningLabels.RetriedAt, DpuScope.Text(scope.Now)));
        await begin(scope, cancellation);
        return new Step.Wait(fail.Reason, string.Create(CultureInfo.InvariantCulture, $"{fail.Message} (attempt {attempts} of {budget}; begun anew)"))
        {
            After = Pause,
            IsTrouble = true,
        };
    }

    private async Task SaveAsync(DpuScope scope, Look look, CancellationToken cancellation)
    {
        var network = look.Row.Phase == DpuPhases.Ready ? await ReadyPhase.HostNetworkAsync(scope, cancellation) : null;
        var status = Json(DpuStatusRules.Apply(scope.Dpu, look.Row, look.Step, network, scope.Now));
        if (!JsonNode.DeepEquals(status, look.Before is null ? null : Json(look.Before)))
        {
            await tools.Client.PatchStatusAsync<Dpu>(
                scope.Key.Namespace, scope.Key.Name,
                new JsonObject
                {
                    ["metadata"] = new JsonObject { ["resourceVersion"] = scope.Dpu.Metadata.ResourceVersion },
                    ["status"] = status,
                },
                cancellation);
            await TellAsync(scope.Dpu, look, cancellation);
        }
        else if (look.Row.Phase != DpuPhases.Error && scope.Annotation(ProvisioningLabels.Retry) is not null)
        {
            await scope.RecordAsync(cancellation, (ProvisioningLabels.Retry, null));
        }
    }

    /// <summary>One event for every turn: phases that are over, a failure, another reason to wait.</summary>
    private async Task TellAsync(Dpu dpu, Look look, CancellationToken cancellation)
    {
        var (before, passed, row, step) = look;
        var earlier = before?.Conditions.Find(row.Condition);
        switch (step)
        {
            case Step.Advance when earlier?.Status != "True":
                var turn = row.Phase == DpuPhases.Ready
                    ? $"{(passed.Count > 0 ? Over(passed) + "; " : "")}the DPU is ready"
                    : $"{Over([.. passed, row])}; next: {row.Next}";
                await tools.Events.NormalAsync(dpu, row.Condition, turn, cancellation);
                break;
            case Step.Fail fail:
                await tools.Events.WarningAsync(dpu, fail.Reason, fail.Message, cancellation);
                break;
            case Step.Wait { IsOverdue: true } wait when before?.Conditions.IsTrue(DpuConditions.Stalled) != true:
                await tools.Events.WarningAsync(dpu, DpuConditions.Stalled, $"{row.Phase} takes long: {wait.Reason}: {wait.Message}", cancellation);
                break;
            case Step.Wait { IsTrouble: true } wait when earlier?.Reason != wait.Reason || earlier.Message != wait.Message:
                await tools.Events.WarningAsync(dpu, wait.Reason, wait.Message, cancellation);
                break;
            case Step.Wait wait when passed.Count > 0:
                await tools.Events.NormalAsync(dpu, passed[^1].Condition, $"{Over(passed)}; {row.Phase}: {wait.Message}", cancellation);
                break;
            case Step.Wait wait when earlier?.Reason != wait.Reason:
                await tools.Events.NormalAsync(dpu, wait.Reason, wait.Message, cancellation);
                break;
            case Step.Resume resume:
                await tools.Events.NormalAsync(dpu, "Retrying", $"goes on with {resume.Phase}{(resume.Why is { } why ? ": " + why : "")}", cancellation);
                break;
        }
    }

    private static string Over(IReadOnlyList<PhaseRow> rows) =>
        $"{string.Join(", ", rows.Select(r => r.Phase))} {(rows.Count == 1 ? "is" : "are")} over";

    /// <summary>What a look at a DPU came to.</summary>
    /// <param name="Before">The status as it is saved.</param>
    /// <param name="Passed">The phases that were over at once.</param>
    /// <param name="Row">The phase that the look ended in.</param>
    /// <param name="Step">What was decided there.</param>
    private sealed record Look(DpuStatus? Before, IReadOnlyList<PhaseRow> Passed, PhaseRow Row, Step Step);

    private static JsonNode Json(DpuStatus status) => JsonNode.Parse(KubernetesJson.Serialize(status))!;
}
