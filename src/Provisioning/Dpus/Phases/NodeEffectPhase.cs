namespace Dpf.Provisioning.Dpus.Phases;

/// <summary>Workloads are kept away from the host before it is touched.</summary>
internal static class NodeEffectPhase
{
    public static async Task<Step> HandleAsync(DpuScope scope, CancellationToken cancellation) =>
        await scope.Tools.Effects.ApplyAsync(scope, cancellation) is { } wait ? wait : new Step.Advance();
}
