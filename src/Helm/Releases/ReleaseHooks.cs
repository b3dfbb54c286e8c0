using System.Text.Json.Nodes;
using Dpf.Helm.Charts;
using Dpf.Helm.Rendering;

namespace Dpf.Helm.Releases;

/// <summary>Runs the hooks of a release, one after the other.</summary>
/// <param name="target">The cluster.</param>
/// <param name="time">The clock.</param>
/// <param name="timeout">How long each hook may take.</param>
internal sealed class ReleaseHooks(IReleaseTarget target, TimeProvider time, TimeSpan timeout)
{
    private const string Crd = "CustomResourceDefinition";
    private static readonly TimeSpan Poll = TimeSpan.FromMilliseconds(200);

    /// <summary>Runs those of a moment, e.g. <c>pre-install</c>.</summary>
    /// <exception cref="ChartException">One failed, or took too long; says which.</exception>
    public async Task RunAsync(RenderedChart rendered, string ns, string moment, CancellationToken cancellation)
    {
        var succeeded = new Stack<RenderedHook>();
        foreach (var hook in rendered.Hooks.Where(h => h.Events.Contains(moment)))
        {
            await MakeAsync(hook, ns, moment, cancellation).ConfigureAwait(false);
            if (await FailureAsync(hook, ns, cancellation).ConfigureAwait(false) is { } failure)
            {
                await DeleteAsync([hook], "hook-failed", ns, cancellation).ConfigureAwait(false);
                await DeleteAsync(succeeded, "hook-succeeded", ns, cancellation).ConfigureAwait(false);
                throw Failed(moment, failure);
            }

            succeeded.Push(hook);
        }

        // Only now: a later hook may need an earlier one, as a Job needs its ServiceAccount.
        await DeleteAsync(succeeded, "hook-succeeded", ns, cancellation).ConfigureAwait(false);
    }

    private async Task MakeAsync(RenderedHook hook, string ns, string moment, CancellationToken cancellation)
    {
        await DeleteAsync([hook], "before-hook-creation", ns, cancellation).ConfigureAwait(false);
        if (IsDeletedOn(hook, "before-hook-creation") &&
            !await WithinTimeoutAsync(async () => await GetAsync(hook, ns, cancellation).ConfigureAwait(false) is null, cancellation).ConfigureAwait(false))
        {
            throw Failed(moment, $"{Name(hook)} of an earlier time was deleted and is still there after {timeout.TotalSeconds:0} s");
        }

        await target.ApplyAsync(hook.Object.In(ns), cancellation).ConfigureAwait(false);
    }

    /// <summary>Waits for a Job or Pod to end; other kinds are done when they are there.</summary>
    /// <returns>What went wrong; null for nothing.</returns>
    private async Task<string?> FailureAsync(RenderedHook hook, string ns, CancellationToken cancellation)
    {
        if (hook.Object.Kind is not ("Job" or "Pod"))
        {
            return null;
        }

        var hasSucceeded = false;
        var hasEnded = await WithinTimeoutAsync(
            async () =>
            {
                var value = await GetAsync(hook, ns, cancellation).ConfigureAwait(false);
                var phase = (string?)value?["status"]?["phase"];
                var conditions = (value?["status"]?["conditions"] as JsonArray ?? [])
                    .Where(c => (string?)c?["status"] == "True").Select(c => (string?)c!["type"]).ToList();
                hasSucceeded = value is null || phase == "Succeeded" || conditions.Contains("Complete");
                return hasSucceeded || phase == "Failed" || conditions.Contains("Failed");
            },
            cancellation).ConfigureAwait(false);
        var where = $"-n {hook.Object.Namespace ?? ns} {hook.Object.Kind.ToLowerInvariant()}/{hook.Object.Name}";
        return hasSucceeded ? null
            : hasEnded ? $"{Name(hook)} failed; its logs say why: kubectl logs {where}"
            : $"{Name(hook)} has not ended after {timeout.TotalSeconds:0} s; what it waits for: kubectl describe {where}";
    }

    private async Task DeleteAsync(IEnumerable<RenderedHook> hooks, string policy, string ns, CancellationToken cancellation)
    {
        foreach (var hook in hooks.Where(h => IsDeletedOn(h, policy)))
        {
            var value = hook.Object;
            await target.DeleteAsync(value.ApiVersion, value.Kind, value.Namespace ?? ns, value.Name, cancellation).ConfigureAwait(false);
        }
    }

    // With a CRD would go the objects of its kind, whoever made them.
    private static bool IsDeletedOn(RenderedHook hook, string policy) => hook.Object.Kind != Crd && hook.DeletePolicies.Contains(policy);

    private Task<JsonObject?> GetAsync(RenderedHook hook, string ns, CancellationToken cancellation) =>
        target.GetAsync(hook.Object.ApiVersion, hook.Object.Kind, hook.Object.Namespace ?? ns, hook.Object.Name, cancellation);

    private async Task<bool> WithinTimeoutAsync(Func<Task<bool>> isDone, CancellationToken cancellation)
    {
        var start = time.GetTimestamp();
        while (!await isDone().ConfigureAwait(false))
        {
            if (time.GetElapsedTime(start) >= timeout)
            {
                return false;
            }

            await Task.Delay(Poll, time, cancellation).ConfigureAwait(false);
        }

        return true;
    }

    private static string Name(RenderedHook hook) => $"{hook.Object.Kind.ToLowerInvariant()} {hook.Object.Name}";

    private static ChartException Failed(string moment, string failure) => new($"{moment} hooks failed: {failure}");
}
