namespace Dpf.Runtime.Vitals;

/// <summary>What a component tells of itself: its numbers and whether it is well. One per run, however many share a process.</summary>
public sealed class ComponentVitals
{
    /// <summary>Its numbers.</summary>
    public ComponentMetrics Metrics { get; } = new();

    /// <summary>Whether it is alive and ready.</summary>
    public HealthChecks Health { get; } = new();
}
