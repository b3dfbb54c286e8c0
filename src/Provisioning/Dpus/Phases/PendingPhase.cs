using Dpf.Api.Provisioning;
using Dpf.Provisioning.Bfbs;

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
            { Status.Phase: BfbPhases.Error } => new Step.Wait("BFBFailed", $"BFB {name} is in phase Error; its events say why") { IsTrouble = true },
            var bfb => new Step.Wait("BFBNotReady", $"BFB {name} is in phase {(string.IsNullOrEmpty(bfb.Status?.Phase) ? BfbPhases.Initializing : bfb.Status.Phase)}"),
        };
    }

    /// <summary>A DPU's boot image.</summary>
    public static Bfb? Image(DpuScope scope) => scope.Tools.Cache.Informer<Bfb>().Get(scope.Key.Namespace, scope.Dpu.Spec.Bfb);
}
