using Dpf.Cli.Daemon;
using Dpf.Cli.Views;
using Dpf.Guide.Commands;
using Dpf.Guide.Steps;
using Dpf.Guide.Traffic;
using Dpf.Guide.Variables;
using Dpf.Runtime.Clusters;

namespace Dpf.Cli.Commands;

/// <summary>Walks the guide on a lab that runs.</summary>
internal sealed class GuideWalk(LabPaths paths, LabClient lab, LabStatus status, ProgressView progress, TimeProvider time)
{
    private readonly List<(string Number, string Title, double Seconds)> _steps = [];

    /// <summary>Steps 1 to 6 and the matrix.</summary>
    /// <param name="provisioning">The way of step 5.</param>
    /// <param name="cell">Told each cell of the matrix as it is known.</param>
    /// <param name="cancellation">Gives up.</param>
    /// <exception cref="UserErrorException">The lab was brought up the other way.</exception>
    public async Task<UpReport> UpAsync(GuideStep provisioning, Action<TrafficCell> cell, CancellationToken cancellation)
    {
        using var client = Client();
        await CheckModeAsync(client, provisioning, cancellation);
        var runner = Runner(client);
        foreach (var step in GuideSteps.Installation(provisioning))
        {
            if (step == GuideSteps.AddWorkers)
            {
                await lab.AddWorkersAsync(cancellation);
            }

            await RunAsync(runner, step, cancellation);
        }

        var start = time.GetTimestamp();
        var cells = await new TrafficMatrix(client, time).RunAsync(status.Outside, cell, cancellation);
        _steps.Add(("6", "Traffic matrix", time.GetElapsedTime(start).TotalSeconds));
        return new UpReport(_steps, cells);
    }

    /// <summary>Step 7.</summary>
    public async Task DownAsync(TimeSpan patience, CancellationToken cancellation)
    {
        using var client = Client();
        var runner = Runner(client, patience);
        foreach (var step in GuideSteps.Deletion)
        {
            await RunAsync(runner, step, cancellation);
        }
    }

    // Both ways make a DPU of each card: the second would fight the first.
    private static async Task CheckModeAsync(KubeClient client, GuideStep provisioning, CancellationToken cancellation)
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
                throw new UserErrorException($"this lab was brought up with --mode {other}; say that again, or run ./dpf down first");
            }
        }
        catch (KubeException e) when (e.IsNotFound)
        {
            // The kind is not there: nothing was brought up yet.
        }
    }

    private KubeClient Client() => KubeClient.FromKubeconfig(File.ReadAllText(paths.Kubeconfig));

    private async Task RunAsync(StepRunner runner, GuideStep step, CancellationToken cancellation) =>
        _steps.Add((step.Number, step.Title, (await runner.RunAsync(step, cancellation)).TotalSeconds));

    private StepRunner Runner(KubeClient client, TimeSpan? patience = null)
    {
        var variables = GuideVariables.Read(status.Variables);
        var folder = Path.Combine(Home.Path, "deploy/guides/ovn-kubernetes");
        var commands = new CommandRunner(
            client, new HelmCharts(client, status.Variables, time), variables.Values, folder, Mirrors(variables), time);
        return new StepRunner(commands, progress, time) { Patience = patience ?? TimeSpan.FromMinutes(5) };
    }

    // The lab has no internet: what the guide takes from other projects comes from the lab's own repository.
    private static Dictionary<string, string> Mirrors(GuideVariables variables)
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
