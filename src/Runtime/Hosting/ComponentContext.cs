using Dpf.Runtime.Clusters;
using Dpf.Runtime.Machines;
using Dpf.Runtime.Vitals;
using Microsoft.Extensions.Logging;

namespace Dpf.Runtime.Hosting;

/// <summary>What a component is given by whoever hosts it: a container runtime, or the lab's kubelet.</summary>
public sealed record ComponentContext
{
    /// <summary>The component's name, e.g. <c>provisioning-controller</c>.</summary>
    public required string Name { get; init; }

    /// <summary>The arguments after the name.</summary>
    public IReadOnlyList<string> Arguments { get; init; } = [];

    /// <summary>The container's environment.</summary>
    public IReadOnlyDictionary<string, string> Environment { get; init; } = new Dictionary<string, string>();

    /// <summary>The machine it runs on.</summary>
    public required IMachine Machine { get; init; }

    /// <summary>The network it listens and connects in: its pod's, or the machine's for a host-network pod.</summary>
    public required INetworkNamespace Network { get; init; }

    /// <summary>The volumes mounted in the container: mount path → path that this process can open.</summary>
    public IReadOnlyDictionary<string, string> Mounts { get; init; } = new Dictionary<string, string>();

    /// <summary>The component's own log, which <c>kubectl logs</c> shows.</summary>
    public required ILoggerFactory Loggers { get; init; }

    /// <summary>The clock.</summary>
    public TimeProvider Time { get; init; } = TimeProvider.System;

    /// <summary>What the component tells of itself.</summary>
    public ComponentVitals Vitals { get; init; } = new();

    /// <summary>An environment variable, or <paramref name="fallback"/>.</summary>
    public string? Variable(string name, string? fallback = null) => Environment.GetValueOrDefault(name, fallback!);

    /// <summary>The value of <c>--name=value</c> or <c>--name value</c>, or <paramref name="fallback"/>.</summary>
    public string? Option(string name, string? fallback = null)
    {
        for (var i = 0; i < Arguments.Count; i++)
        {
            if (Arguments[i] == "--" + name)
            {
                var hasValue = i + 1 < Arguments.Count && !Arguments[i + 1].StartsWith("--", StringComparison.Ordinal);
                return hasValue ? Arguments[i + 1] : "true";
            }

            if (Arguments[i].StartsWith("--" + name + "=", StringComparison.Ordinal))
            {
                return Arguments[i][(name.Length + 3)..];
            }
        }

        return fallback;
    }

    /// <summary>An option or variable that must be there.</summary>
    /// <exception cref="InvalidOperationException">It is missing.</exception>
    public string Required(string option, string? variable = null) =>
        Option(option) ?? (variable is null ? null : Variable(variable)) ??
        throw new InvalidOperationException(
            $"{Name}: --{option}{(variable is null ? "" : $" or {variable}")} is required; add it to the container's arguments");

    /// <summary>Where this process finds a path of the container: a volume's content, else the machine's own file.</summary>
    public string Path(string containerPath)
    {
        var mount = Mounts.Keys
            .Where(m => containerPath == m || containerPath.StartsWith(m.TrimEnd('/') + "/", StringComparison.Ordinal))
            .MaxBy(m => m.Length);
        return mount is null
            ? Machine.Path(containerPath)
            : Mounts[mount] + containerPath[mount.TrimEnd('/').Length..];
    }

    /// <summary>
    /// The API server of the cluster that the pod runs in, as <c>KUBERNETES_SERVICE_HOST</c>, <c>…_PORT</c> and the mounted
    /// service account say, dialled from <see cref="Network"/>.
    /// </summary>
    public KubeClient InCluster() => KubeClient.InCluster(this);
}
