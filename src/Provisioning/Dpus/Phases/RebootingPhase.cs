using System.Globalization;
using System.Text.Json.Nodes;
using Dpf.Api.Provisioning;
using Dpf.Runtime.Conditions;
using Dpf.Runtime.Reconciling;
using k8s.Models;

namespace Dpf.Provisioning.Dpus.Phases;

/// <summary>
/// The host has to restart, which is known by the boot that its node reports. The DPUs of one host restart it once, together, and
/// not while one of them is being installed.
/// </summary>
internal static class RebootingPhase
{
    private const int Budget = 3;
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(5);
    private static readonly TimeSpan Doubt = TimeSpan.FromSeconds(20);
    private static readonly TimeSpan Backoff = TimeSpan.FromSeconds(10);

    public static async Task<Step> HandleAsync(DpuScope scope, CancellationToken cancellation)
    {
        if (scope.Dpu.Status?.Conditions.IsTrue(DpuConditions.DmsRunning) != true)
        {
            return new Step.Wait("InvalidState", "DMS has never run for this DPU") { IsTrouble = true };
        }

        if (scope.Host is not { Status.NodeInfo.BootID: { Length: > 0 } boot } host)
        {
            return new Step.Wait("NodeNotFound", $"node {scope.Dpu.Spec.NodeName} does not say which boot it is in (status.nodeInfo.bootID)") { IsTrouble = true };
        }

        await scope.Tools.JoinTokens.KeepAliveAsync(scope.Dpu, cancellation);
        if (scope.Annotation(ProvisioningLabels.BootIdBefore) is not { Length: > 0 } before)
        {
            await scope.RecordAsync(cancellation, (ProvisioningLabels.BootIdBefore, boot));
            before = boot;
        }

        if (boot != before)
        {
            await scope.Tools.Tasks.ForgetAsync(scope.Dpu.Metadata.Uid);
            return new Step.Advance($"node {host.Metadata.Name} has restarted");
        }

        if (FirstBoot(scope) is { } left)
        {
            return new Step.Wait("CloudInit", "the new system's first boot is left alone for a while") { After = left, IsUnlimited = true };
        }

        return await DecideAsync(scope, host, cancellation);
    }

    /// <summary>For how long yet a DPU's new system is left alone; null when it is not.</summary>
    private static TimeSpan? FirstBoot(DpuScope scope) =>
        scope.Moment(ProvisioningLabels.InstalledAt) + scope.Tools.Options.CloudInitTimeout - scope.Now is { } left && left > TimeSpan.Zero ? left : null;

    private static async Task<Step> DecideAsync(DpuScope scope, V1Node host, CancellationToken cancellation)
    {
        var (own, wait) = Choice(scope, host);
        if (own is null)
        {
            return wait!;
        }

        if (own.IsSkipped)
        {
            return new Step.Advance($"node {host.Metadata.Name} is not restarted, as its annotation says");
        }

        // Those that skip it go on by themselves.
        var (choices, dpus) = (new List<RebootChoice> { own }, new List<Dpu> { scope.Dpu });
        foreach (var dpu in scope.Siblings.Where(d => !d.IsDeleting() && d.Status?.Phase == DpuPhases.Rebooting).OrderBy(d => d.Metadata.Name, StringComparer.Ordinal))
        {
            var (choice, missing) = Choice(new DpuScope(scope.Tools, dpu), host);
            if (choice is null)
            {
                return missing!;
            }

            if (!choice.IsSkipped)
            {
                choices.Add(choice);
                dpus.Add(dpu);
            }
        }

        var together = RebootChoice.Of(choices);
        if (together.IsManual)
        {
            var whose = own.IsManual ? "" : $" of DPU {dpus[choices.FindIndex(c => c.IsManual)].Metadata.Name}";
            return new Step.Wait("WaitingForManualPowerCycleOrReboot", $"restart node {host.Metadata.Name}: automaticNodeReboot{whose} is false") { IsUnlimited = true };
        }

        if (scope.Siblings.FirstOrDefault(d => !d.IsDeleting() && d.Status?.Phase is DpuPhases.DmsDeployment or DpuPhases.OsInstalling) is { } busy)
        {
            return new Step.Wait("OtherDPUInstalling", $"node {host.Metadata.Name} is not restarted while DPU {busy.Metadata.Name} is being installed");
        }

        if (dpus.Count > 1 && string.CompareOrdinal(dpus[1].Metadata.Name, scope.Dpu.Metadata.Name) < 0)
        {
            return new Step.Wait("Rebooting", $"node {host.Metadata.Name} is restarted for DPU {dpus[1].Metadata.Name} and this one");
        }

        // The restart is everybody's: the DPU that was installed last says when.
        return dpus.Select(d => (Dpu: d, Left: FirstBoot(new DpuScope(scope.Tools, d)))).MaxBy(d => d.Left) is { Left: { } left } last
            ? new Step.Wait("CloudInit", $"the first boot of DPU {last.Dpu.Metadata.Name}'s new system is left alone for a while") { After = left, IsUnlimited = true }
            : await RestartAsync(scope, together, host.Metadata.Name, dpus, cancellation);
    }

    /// <summary>How a DPU wants its host to restart; null, and what is waited for, when that is not known.</summary>
    private static (RebootChoice? Choice, Step.Wait? Wait) Choice(DpuScope scope, V1Node host)
    {
        if (scope.Tools.Pods.Flavor(scope) is not { } flavor)
        {
            return (null, new Step.Wait("DPUFlavorNotFound", $"DPUFlavor {scope.Key.Namespace}/{scope.Dpu.Spec.DpuFlavor} does not exist; create it") { IsTrouble = true });
        }

        var choice = RebootChoice.Of(scope.Dpu, host, flavor);
        return choice.Invalid is { } invalid ? (null, new Step.Wait("InvalidRebootCommand", invalid) { IsTrouble = true }) : (choice, null);
    }

    private static async Task<Step> RestartAsync(
        DpuScope scope, RebootChoice choice, string host, IReadOnlyList<Dpu> dpus, CancellationToken cancellation)
    {
        var uid = scope.Dpu.Metadata.Uid;
        var task = scope.Tools.Tasks.Find(uid);
        if (task?.IsRunning == true)
        {
            return new Step.Wait("Rebooting", $"node {host} is told to restart");
        }

        var failure = task?.Failure;
        if (failure is null && scope.Moment(ProvisioningLabels.RebootAskedAt) is { } asked)
        {
            // Who was started anew does not know whether the host has heard it.
            var left = asked + (task is null ? Doubt : Patience) - scope.Now;
            if (left > TimeSpan.Zero)
            {
                return new Step.Wait("Rebooting", $"node {host} was told to restart; its node has to report another boot") { After = left };
            }

            failure = task is null ? null : "it was told to, and reports the same boot";
        }
        else if (task is { Failure: null } && task.Ended + Doubt - scope.Now is var pause && pause > TimeSpan.Zero)
        {
            return new Step.Wait("Rebooting", $"node {host} could not be told to restart: its pods are not reached; tried again soon") { After = pause, IsTrouble = true };
        }

        return failure is not null && await FailedAsync(scope, host, task!, failure, cancellation) is { } step
            ? step
            : await StartAsync(scope, choice, host, dpus, cancellation);
    }

    /// <summary>Counts a failure; null when it may be tried again now.</summary>
    private static async Task<Step?> FailedAsync(DpuScope scope, string host, LongTask task, string failure, CancellationToken cancellation)
    {
        // An API server that was away for a moment is no fault of the host.
        var failures = scope.Count(ProvisioningLabels.RebootFailures) + (task.TooEarly is null ? 1 : 0);
        if (failures >= Budget)
        {
            return new Step.Fail(
                "RebootFailed",
                $"node {host} did not restart: {failure} (attempt {failures} of {Budget}); restart it, or look at its BMC, then annotate the DPU with {ProvisioningLabels.Retry}=true");
        }

        var left = task.Ended + Backoff - scope.Now;
        if (left > TimeSpan.Zero)
        {
            var tried = task.TooEarly is null ? string.Create(CultureInfo.InvariantCulture, $"attempt {failures} of {Budget}; ") : "";
            return new Step.Wait(task.TooEarly ?? "RebootFailed", $"{failure} ({tried}tried again soon)") { After = left, IsTrouble = true };
        }

        await scope.RecordAsync(
            cancellation,
            (ProvisioningLabels.RebootFailures, failures.ToString(CultureInfo.InvariantCulture)), (ProvisioningLabels.RebootAskedAt, null));
        await scope.Tools.Tasks.ForgetAsync(scope.Dpu.Metadata.Uid);
        return null;
    }

    private static async Task<Step> StartAsync(
        DpuScope scope, RebootChoice choice, string host, IReadOnlyList<Dpu> dpus, CancellationToken cancellation)
    {
        var cards = dpus.Select(d => (Dpu: d, new DpuScope(scope.Tools, d).Pci)).Where(c => c.Pci is not null).Select(c => (c.Dpu, c.Pci!)).ToList();
        foreach (var (dpu, _) in cards)
        {
            if (await scope.Tools.Pods.DmsAsync(new DpuScope(scope.Tools, dpu), cancellation) is not { Status.Phase: "Running" })
            {
                return new Step.Wait("DMSPodPending", $"node {host} is restarted through pod {DpuNames.DmsPod(dpu)}, which does not run")
                {
                    After = PodKeeper.Rest,
                    IsTrouble = true,
                };
            }
        }

        var (client, key, time) = (scope.Tools.Client, scope.Key, scope.Tools.Time);
        scope.Tools.Tasks.Start(scope.Dpu.Metadata.Uid, key, async (say, stop) =>
        {
            say($"node {host} is told to restart ({(choice.IsPowerCycle ? "power " : "system-level ")}{choice.Command})");
            await HostRestart.RunAsync(
                client, choice, cards,
                () => client.PatchAsync<Dpu>(
                    key.Namespace, key.Name,
                    new JsonObject
                    {
                        ["metadata"] = new JsonObject
                        {
                            ["annotations"] = DpuScope.Map([(ProvisioningLabels.RebootAskedAt, DpuScope.Text(time.GetUtcNow()))]),
                        },
                    },
                    stop),
                time, stop);
        });
        return new Step.Wait("Rebooting", $"node {host} is told to restart");
    }
}
