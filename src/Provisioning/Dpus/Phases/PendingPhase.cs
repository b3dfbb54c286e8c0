using Dpf.Api.Provisioning;
using Dpf.Provisioning.Bfbs;
using Dpf.Runtime.Conditions;

namespace Dpf.Provisioning.Dpus.Phases;

/// <summary>The boot image has to be there.</summary>
internal static class PendingPhase
{
    public static Task<Step> HandleAsync(DpuScope scope, CancellationToken cancellation) => Task.FromResult<Step>(
        Missing(scope) is { } wait ? wait : new Step.Advance());

    /// <summary>What is missing of a DPU's boot image; null when it is there.</summary>
    public static Step.Wait? Missing(DpuScope scope)
    {
        var name = $"{scope.Key.Namespace}/{scope.Dpu.Spec.Bfb}";
        return Image(scope) switch
        {
            null => new Step.Wait("GetBFBFailed", $"BFB {name} does not exist; create it") { IsTrouble = true },
            { Status.Phase: BfbPhases.Ready } => null,
            { Status.Phase: BfbPhases.Error } bfb => new Step.Wait("BFBFailed", $"BFB {name} {Why(bfb)}") { IsTrouble = true },
            var bfb => new Step.Wait("BFBNotReady", $"BFB {name} {Why(bfb)}"),
        };
    }

    /// <summary>What a boot image says of itself; not how much has come, which changes all the time.</summary>
    public static string Why(Bfb bfb) => bfb.Status?.Conditions.Find(BfbConditions.Ready) is { Status: "False" } said &&
        said.Reason is not (BfbConditions.Downloading or BfbConditions.Checking)
            ? $"is not ready: {said.Reason}: {said.Message}"
            : $"is in phase {(string.IsNullOrEmpty(bfb.Status?.Phase) ? BfbPhases.Initializing : bfb.Status.Phase)}";

    /// <summary>A DPU's boot image.</summary>
    public static Bfb? Image(DpuScope scope) => scope.Tools.Cache.Informer<Bfb>().Get(scope.Key.Namespace, scope.Dpu.Spec.Bfb);
}
