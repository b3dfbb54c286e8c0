using System.Security.Cryptography;
using Dpf.Lab.Kubelet.Devices;
using k8s.Models;

namespace Dpf.Lab.Kubelet.Containers;

/// <summary>Turns a container of a pod into a running one.</summary>
internal static class ContainerStart
{
    /// <summary>Starts one.</summary>
    /// <exception cref="ContainerCreationException">It cannot be made as asked for.</exception>
    public static async Task<(string Id, IRunningContainer Running)> StartAsync(
        PodScope scope, V1Container container, int run, CancellationToken cancellation)
    {
        var node = scope.Node;
        var pod = scope.Pod();
        Dictionary<string, string> environment;
        try
        {
            environment = await ContainerEnvironment.BuildAsync(node, pod, container, scope.Fields, cancellation);
        }
        catch (FormatException e)
        {
            throw new ContainerCreationException("CreateContainerConfigError", e.Message);
        }

        var devices = scope.Devices.GetValueOrDefault(container.Name, DeviceAllocation.None);
        foreach (var (name, value) in devices.Environment)
        {
            environment[name] = value;
        }

        var plan = new ContainerPlan
        {
            Id = Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(32)),
            Pod = pod,
            Container = container,
            Arguments = Arguments(container, environment),
            Environment = environment,
            Mounts =
            [
                .. scope.Volumes.MountsOf(container, environment),
                .. devices.Mounts.Select(m => new ContainerMount(m.ContainerPath, m.HostPath, m.ReadOnly)),
            ],
            Devices = devices.Devices,
            NetworkPath = scope.Sandbox.NetworkPath,
            LogPath = PodScope.LogPath(pod, container.Name, run),
        };

        // Of images, which the lab does not pull, only the product's own is known: it runs as root.
        if (RunAsNonRoot.Refusal(pod, container, plan.Component is null ? null : 0) is { } refusal)
        {
            throw new ContainerCreationException("CreateContainerConfigError", refusal);
        }

        if (plan.Component is { } component)
        {
            if (node.Options.Isolated is { } isolated && isolated.Includes(component))
            {
                return (plan.Id, RuncContainer.Start(node, OfProduct(plan, isolated)));
            }

            return node.Options.Components.TryGetValue(component, out var hosted)
                ? (plan.Id, new ComponentContainer(node, plan, hosted))
                : throw new ContainerCreationException("CreateContainerError", $"dpf has no component named {component}; `dpf run` lists them");
        }

        return (plan.Id, RuncContainer.Start(node, plan));
    }

    /// <summary>A container of the product's image, which the lab does not pull.</summary>
    internal static ContainerPlan OfProduct(ContainerPlan plan, IsolatedComponents isolated) => plan with
    {
        Arguments = [.. isolated.Command, .. plan.Arguments.Skip(1)],
        Mounts = [.. plan.Mounts, .. isolated.Folders.Select(f => new ContainerMount(f, f, ReadOnly: true))],
        Root = isolated.Root,
    };

    /// <summary>The expanded command and arguments.</summary>
    /// <exception cref="ContainerCreationException">There is none.</exception>
    public static IReadOnlyList<string> Arguments(V1Container container, IReadOnlyDictionary<string, string> environment)
    {
        List<string> words = [.. (container.Command ?? []).Concat(container.Args ?? []).Select(word => VariableExpansion.Expand(word, environment))];
        return words.Count > 0
            ? words
            : throw new ContainerCreationException(
                "CreateContainerError", $"image {container.Image}: the lab pulls no images, so their own entry points are not known; set the container's command");
    }
}
