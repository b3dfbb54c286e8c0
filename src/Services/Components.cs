using System.Collections.Frozen;
using Dpf.Runtime.Hosting;

namespace Dpf.Services;

/// <summary>The components of this project.</summary>
public static class Components
{
    /// <summary>By the name that a container's command line gives.</summary>
    public static IReadOnlyDictionary<string, IComponent> All { get; } = new Dictionary<string, IComponent>
    {
        ["dpuservice-controller"] = new DpuServiceControllerComponent(),
    }.ToFrozenDictionary(StringComparer.Ordinal);
}
