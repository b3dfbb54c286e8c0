using System.Collections.Frozen;
using Dpf.Runtime.Hosting;
using Dpf.Telemetry.Blueman;
using Dpf.Telemetry.Dts;

namespace Dpf.Telemetry;

/// <summary>The components of this project.</summary>
public static class Components
{
    /// <summary>By the name that a container's command line gives.</summary>
    public static IReadOnlyDictionary<string, IComponent> All { get; } = new Dictionary<string, IComponent>
    {
        ["doca-telemetry"] = new TelemetryComponent(),
        ["doca-blueman"] = new BluemanComponent(),
    }.ToFrozenDictionary(StringComparer.Ordinal);
}
