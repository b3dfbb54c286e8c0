using Dpf.Guide.Commands;
using Dpf.Guide.Steps;
using Dpf.Guide.Traffic;
using Dpf.Guide.Variables;
using Dpf.Runtime.Clusters;

namespace Dpf.Cli.Commands;

/// <summary>Walks the guide on a cluster.</summary>
/// <param name="client">The cluster.</param>
/// <param name="variables">The guide's variables, checked.</param>
/// <param name="progress">Told what is done.</param>
/// <param name="time">The clock.</param>
internal sealed class GuideWalk(KubeClient client, GuideVariables variables, IProgress<GuideProgress> progress, TimeProvider time)
{
    private readonly List<(string Number, string Title, double Seconds)> _steps = [];

    /// <summary>How long a step may wait for one thing.</summary>
    public TimeSpan Patience { get; init; } = TimeSpan.FromMinutes(5);

    /// <summary>What has been done, with its seconds.</summary>
    public IReadOnlyList<(string Number, string Title, double Seconds)> Steps => _steps;

    /// <summary>Steps 1 to 6.</summary>
    /// <param name="provisioning">The way of step 5.</param>
    /// <param name="addWorkers">Called when the guide has the workers join.</param>
    /// <param name="cancellation">Gives up.</param>
    /// <exception cref="UserErrorException">The cluster was brought up the other way.</exception>
    public async Task InstallAsync(GuideStep provisioning, Func<CancellationToken, Task> addWorkers, CancellationToken cancellation)
    {
        await CheckModeAsync(provisioning, cancellation);
        var runner = Runner();
        foreach (var step in GuideSteps.Installation(provisioning))
        {
            if (step == GuideSteps.AddWorkers)
            {
                await addWorkers(cancellation);
            }

            await RunAsync(runner, step, cancellation);
        }
    }

    /// <summary>Whether the test pods reach each other, services and the outside.</summary>
    /// <param name="outside">Addresses outside that answer pings.</param>
    /// <param name="cell">Told each cell of the matrix as it is known.</param>
    /// <param name="cancellation">Gives up.</param>
    public async Task<IReadOnlyList<TrafficCell>> TrafficAsync(IReadOnlyList<string> outside, Action<TrafficCell> cell, CancellationToken cancellation)
    {
        var start = time.GetTimestamp();
        var cells = await new TrafficMatrix(client, time).RunAsync(outside, cell, cancellation);
        _steps.Add(("6", "Traffic matrix", time.GetElapsedTime(start).TotalSeconds));
        return cells;
    }

    /// <summary>Step 7.</summary>
    public async Task DeleteAsync(CancellationToken cancellation)
    {
        var runner = Runner();
        foreach (var step in GuideSteps.Deletion)
        {
            await RunAsync(runner, step, cancellation);
        }
    }

    // Both ways make a DPU of each card: the second would fight the first.
    private async Task CheckModeAsync(GuideStep provisioning, CancellationToken cancellation)
    {
        var (kind, other) = provisioning == GuideSteps.ProvisioningWithDpuServices
            ? ("DPUDeployment", ProvisioningMode.DpuDeployment)
            : ("DPUSet", ProvisioningMode.DpuService);
        var group = kind == "DPUSet" ? "provisioning.dpu.nvidia.com/v1alpha1" : "svc.dpu.nvidia.com/v1alpha1";
        try
        {
            var there = await client.ListAsync(group, kind, null, cancellation);
            if (there.Any(o => kind != "DPUSet" || o["metadata"]!["ownerReferences"] is null))
            {
                throw new UserErrorException($"this cluster was brought up with --mode {other}; say that again, or carry out step 7 first (for the lab: ./dpf down)");
            }
        }
        catch (KubeException e) when (e.IsNotFound)
        {
            // The kind is not there: nothing was brought up yet.
        }
    }

    private async Task RunAsync(StepRunner runner, GuideStep step, CancellationToken cancellation) =>
        _steps.Add((step.Number, step.Title, (await runner.RunAsync(step, cancellation)).TotalSeconds));

    private StepRunner Runner()
    {
        var commands = new CommandRunner(
            client, new HelmCharts(client, variables.Values, time), variables.Values, Path.Combine(Home.Path, "deploy/guides/ovn-kubernetes"), Mirrors(), time);
        return new StepRunner(commands, progress, time) { Patience = Patience };
    }

    // The lab has no internet: what the guide takes from other projects comes from the lab's own repository.
    private Dictionary<string, string> Mirrors()
    {
        var mirror = variables.Values.GetValueOrDefault("DPF_CHART_MIRROR");
        return mirror is null
            ? []
            : new()
            {
                ["https://charts.jetstack.io"] = mirror,
                ["https://helm.ngc.nvidia.com/nvidia"] = mirror,
                ["https://codeload.github.com/rancher/local-path-provisioner/tar.gz/v0.0.30"] = mirror + "/local-path-provisioner",
            };
    }
}
