using System.Globalization;
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

        if (scope.Moment(ProvisioningLabels.InstalledAt) + scope.Tools.Options.CloudInitTimeout - scope.Now is { } left && left > TimeSpan.Zero)
        {
            return new Step.Wait("CloudInit", "the new system's first boot is left alone for a while") { After = left };
        }

        return await DecideAsync(scope, host, cancellation);
    }

    private static async Task<Step> DecideAsync(DpuScope scope, V1Node host, CancellationToken cancellation)
    {
        if (scope.Tools.Pods.Flavor(scope) is not { } flavor)
        {
            return new Step.Wait("DPUFlavorNotFound", $"DPUFlavor {scope.Key.Namespace}/{scope.Dpu.Spec.DpuFlavor} does not exist; create it") { IsTrouble = true };
        }

        var choice = RebootChoice.Of(scope.Dpu, host, flavor);
        if (choice.Invalid is { } invalid)
        {
            return new Step.Wait("InvalidRebootCommand", invalid) { IsTrouble = true };
        }

        if (choice.IsSkipped)
        {
            return new Step.Advance($"node {host.Metadata.Name} is not restarted, as its annotation says");
        }

        if (choice.IsManual)
        {
            return new Step.Wait("WaitingForManualPowerCycleOrReboot", $"restart node {host.Metadata.Name}: automaticNodeReboot is false");
        }

        if (scope.Siblings.FirstOrDefault(d => !d.IsDeleting() && d.Status?.Phase is DpuPhases.DmsDeployment or DpuPhases.OsInstalling) is { } busy)
        {
            return new Step.Wait("OtherDPUInstalling", $"node {host.Metadata.Name} is not restarted while DPU {busy.Metadata.Name} is being installed");
        }

        var together = scope.Siblings.Where(d => !d.IsDeleting() && d.Status?.Phase == DpuPhases.Rebooting)
            .OrderBy(d => d.Metadata.Name, StringComparer.Ordinal).ToList();
        if (together.Count > 0 && string.CompareOrdinal(together[0].Metadata.Name, scope.Dpu.Metadata.Name) < 0)
        {
            return new Step.Wait("Rebooting", $"node {host.Metadata.Name} is restarted for DPU {together[0].Metadata.Name} and this one");
        }

        return await RestartAsync(scope, choice, host.Metadata.Name, [scope.Dpu, .. together], cancellation);
    }

    private static async Task<Step> RestartAsync(
        DpuScope scope, RebootChoice choice, string host, IReadOnlyList<Api.Provisioning.Dpu> dpus, CancellationToken cancellation)
    {
        var uid = scope.Dpu.Metadata.Uid;
        var attempts = scope.Count(ProvisioningLabels.RebootAttempts);
        var running = scope.Tools.Tasks.Find(uid);
        if (running?.IsRunning == true)
        {
            return new Step.Wait("Rebooting", $"node {host} is told to restart");
        }

        if (scope.Moment(ProvisioningLabels.RebootAskedAt) is { } asked)
        {
            var left = asked + (running?.Failure is null ? Patience : Backoff) - scope.Now;
            if (left > TimeSpan.Zero)
            {
                return running?.Failure is { } failure
                    ? new Step.Wait("RebootFailed", $"{failure} (attempt {attempts} of {Budget}; tried again soon)") { After = left, IsTrouble = true }
                    : new Step.Wait("Rebooting", $"node {host} was told to restart; its node has to report another boot") { After = left };
            }
        }

        if (attempts >= Budget)
        {
            await scope.Tools.Tasks.ForgetAsync(uid);
            return new Step.Fail(
                "RebootFailed", $"node {host} did not restart: {running?.Failure ?? "it was told to, and reports the same boot"}; restart it, or look at its BMC, then annotate the DPU with {ProvisioningLabels.Retry}=true");
        }

        var cards = dpus.Select(d => (d, Pci: new DpuScope(scope.Tools, d).Pci)).Where(c => c.Pci is not null).Select(c => (c.d, c.Pci!)).ToList();
        if (scope.Pci is null || scope.Tools.Pods.Find(scope, DpuNames.DmsPod(scope.Dpu), out _)?.Status?.Phase != "Running")
        {
            return new Step.Wait("DMSPodPending", $"node {host} is restarted through pod {DpuNames.DmsPod(scope.Dpu)}, which does not run") { IsTrouble = true };
        }

        // Written down first: a restart of the host that nobody remembers would be done twice.
        await scope.RecordAsync(
            cancellation,
            (ProvisioningLabels.RebootAskedAt, DpuScope.Text(scope.Now)),
            (ProvisioningLabels.RebootAttempts, (attempts + 1).ToString(CultureInfo.InvariantCulture)));
        scope.Tools.Tasks.Start(uid, scope.Key, async (say, stop) =>
        {
            say($"node {host} is told to restart ({(choice.IsPowerCycle ? "power " : "system-level ")}{choice.Command})");
            await HostRestart.RunAsync(scope.Tools.Client, choice, cards, scope.Tools.Time, stop);
        });
        return new Step.Wait("Rebooting", $"node {host} is told to restart") { After = Patience };
    }
}
