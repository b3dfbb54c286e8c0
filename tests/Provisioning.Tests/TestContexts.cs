using Dpf.Runtime.Hosting;
using Dpf.Runtime.Machines;
using Microsoft.Extensions.Logging.Abstractions;

namespace Dpf.Provisioning.Tests;

/// <summary>Contexts of components on this machine.</summary>
internal static class TestContexts
{
    /// <summary>A component that needs no more than the machine.</summary>
    public static ComponentContext Here(
        string name, IReadOnlyDictionary<string, string>? mounts = null, params IReadOnlyList<string> arguments) => new()
        {
            Name = name,
            Arguments = arguments,
            Machine = new LocalMachine(),
            Network = new LocalMachine().Network,
            Mounts = mounts ?? new Dictionary<string, string>(),
            Loggers = NullLoggerFactory.Instance,
        };
}
