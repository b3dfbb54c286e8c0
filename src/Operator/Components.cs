using System.Collections.Frozen;
using Dpf.Runtime.Hosting;

namespace Dpf.Operator;

/// <summary>The components of this project.</summary>
public static class Components
{
    /// <summary>By the name that a container's command line gives.</summary>
    public static IReadOnlyDictionary<string, IComponent> All { get; } = new Dictionary<string, IComponent>
    {
        ["operator"] = new OperatorComponent(),
    }.ToFrozenDictionary(StringComparer.Ordinal);
}
