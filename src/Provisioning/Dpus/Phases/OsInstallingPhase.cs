using System.Globalization;
using System.Text.Json.Nodes;
using Dpf.Provisioning.Bfbs;
using Dpf.Provisioning.Dms;
using Dpf.Runtime.Selecting;

namespace Dpf.Provisioning.Dpus.Phases;

/// <summary>The system is installed on the DPU: in the background, observed here, resumed after a restart, tried a few times.</summary>
internal static class OsInstallingPhase
{
    private const int Budget = 3;
    private static readonly TimeSpan Backoff = TimeSpan.FromSeconds(5);
    private static readonly TimeSpan ModePause = TimeSpan.FromSeconds(10);

    public static async Task<Step> HandleAsync(DpuScope scope, CancellationToken cancellation)
    {
        var uid = scope.Dpu.Metadata.Uid;
        if (scope.Annotation(ProvisioningLabels.InstallStep) == InstallSteps.Installed)
        {
            await scope.Tools.Tasks.ForgetAsync(uid);
            return new Step.Advance("DPU is rebooting");
        }

        if (scope.Tools.Tasks.Find(uid) is { } task)
        {
            return task.IsRunning ? new Step.Wait("Installing", task.Doing) { IsUnlimited = true }
                : task.Failure is null ? await InstalledAsync(scope, cancellation)
                : await FailedAsync(scope, task, cancellation);
        }

        if (PendingPhase.Missing(scope) is { } wait)
        {
            return wait;
        }

        if (InitializingPhase.FlavorProblem(scope) is { } problem)
        {
            return problem;
        }

        if (scope.Host is not { } host)
        {
            return new Step.Wait("NodeNotFound", $"node {scope.Dpu.Spec.NodeName} does not exist") { IsTrouble = true };
        }

        var flavor = scope.Tools.Pods.Flavor(scope)!;
        if (RebootChoice.Of(scope.Dpu, host, flavor) is { Invalid: { } invalid })
        {
            return new Step.Wait("InvalidRebootCommand", invalid) { IsTrouble = true };
        }

        var (pod, step) = await DmsDeploymentPhase.RunningAsync(scope, cancellation);
        if (pod is null)
        {
            return step!;
        }

        var installation = new Installation(scope.Tools, scope.Dpu, pod, PendingPhase.Image(scope)!, flavor, RebootChoice.Of(scope.Dpu, host, flavor).IsSkipped);
        scope.Tools.Tasks.Start(uid, scope.Key, installation.RunAsync);
        return new Step.Wait("Installing", "the installation begins") { IsUnlimited = true };
    }

    /// <summary>Writes down that it is done, and by which boot of the host a restart will be known.</summary>
    private static async Task<Step> InstalledAsync(DpuScope scope, CancellationToken cancellation)
    {
        if (scope.Host?.Status?.NodeInfo?.BootID is not { Length: > 0 } boot)
        {
            return new Step.Wait("NodeNotFound", $"node {scope.Dpu.Spec.NodeName} does not say which boot it is in (status.nodeInfo.bootID)") { IsTrouble = true };
        }

        var image = PendingPhase.Image(scope);
        await scope.PatchAsync(
            new JsonObject
            {
                ["metadata"] = new JsonObject
                {
                    ["annotations"] = DpuScope.Map(
                    [
                        (ProvisioningLabels.InstallStep, InstallSteps.Installed),
                        (ProvisioningLabels.InstalledAt, DpuScope.Text(scope.Now)),
                        (ProvisioningLabels.InstallFailures, null),
                        (ProvisioningLabels.BootIdBefore, boot),
                    ]),
                },
                ["spec"] = new JsonObject
                {
                    ["cluster"] = new JsonObject
                    {
                        ["nodeLabels"] = DpuScope.Map(
                        [
                            (ProvisioningLabels.BfbVersion, BfbFiles.VersionLabel(image?.Spec.Url ?? scope.Dpu.Spec.Bfb)),
                            (ProvisioningLabels.Host, LabelValues.Of(scope.Dpu.Spec.NodeName)),
                        ]),
                    },
                },
            },
            cancellation);
        await scope.Tools.Tasks.ForgetAsync(scope.Dpu.Metadata.Uid);
        return new Step.Advance("DPU is rebooting");
    }

    private static async Task<Step> FailedAsync(DpuScope scope, LongTask task, CancellationToken cancellation)
    {
        if (task.TooEarly is { } reason)
        {
            var isMode = reason == LongTasks.ModeChangePending;
            var pause = task.Ended + (isMode ? ModePause : Backoff) - scope.Now;
            if (pause <= TimeSpan.Zero)
            {
                await scope.Tools.Tasks.ForgetAsync(scope.Dpu.Metadata.Uid);
            }

            // No attempt: it goes on as soon as the card is in the other mode, or the cluster is back.
            return new Step.Wait(reason, isMode ? $"{task.Failure}: cycle the power of node {scope.Dpu.Spec.NodeName}" : $"{task.Failure} (tried again soon)")
            {
                After = pause > TimeSpan.Zero ? pause : TimeSpan.FromMilliseconds(1),
                IsTrouble = true,
            };
        }

        var failures = scope.Count(ProvisioningLabels.InstallFailures) + 1;
        if (failures >= Budget)
        {
            // The task is remembered until a user asks to go on: were it forgotten and this not saved, it would be tried once too often.
            return new Step.Fail(
                "InstallationFailed",
                $"{task.Failure} (attempt {failures} of {Budget}; annotate the DPU with {ProvisioningLabels.Retry}=true to try again)");
        }

        var left = task.Ended + (Backoff * failures) - scope.Now;
        if (left > TimeSpan.Zero)
        {
            return new Step.Wait("InstallationFailed", string.Create(CultureInfo.InvariantCulture, $"{task.Failure} (attempt {failures} of {Budget}; tried again soon)"))
            {
                After = left,
                IsTrouble = true,
            };
        }

        await scope.RecordAsync(
            cancellation,
            (ProvisioningLabels.InstallFailures, failures.ToString(CultureInfo.InvariantCulture)), (ProvisioningLabels.InstallStep, null));
        await scope.Tools.Tasks.ForgetAsync(scope.Dpu.Metadata.Uid);
        return new Step.Wait("Installing", "the installation begins anew") { After = TimeSpan.Zero, IsUnlimited = true };
    }
}
