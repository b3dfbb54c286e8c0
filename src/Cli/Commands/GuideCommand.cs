using System.CommandLine;
using Dpf.Cli.Clusters;
using Dpf.Cli.Views;
using Dpf.Guide.Preflight;
using Dpf.Guide.Steps;
using Dpf.Guide.Variables;
using Dpf.Runtime.Clusters;
using Spectre.Console;

namespace Dpf.Cli.Commands;

/// <summary><c>dpf guide</c>.</summary>
internal static class GuideCommand
{
    // What the lab says of its charts and its DPUs; others have no need of them.
    private static readonly string[] Further = ["DPF_CHART_MIRROR", "DPF_PLAIN_HTTP_REGISTRIES", "CLOUD_INIT_TIMEOUT"];

    public static Command Create()
    {
        var mode = ProvisioningMode.Option();
        var deletion = new Option<bool>("--deletion") { Description = "step 7, which takes everything down again" };
        var walk = new Option<bool>("--walk") { Description = "carry it out on the cluster, with the variables of your environment, and show the traffic matrix" };
        var check = new Option<bool>("--check") { Description = "only say what the guide would fail for on the cluster; nothing is changed" };
        var patience = new Option<int>("--patience") { Description = "minutes that one thing may take, e.g. flashing the DPUs", DefaultValueFactory = _ => 90 };
        var outside = new Option<string[]>("--outside") { Description = "an address outside that answers pings, for the traffic matrix" };
        var kubeconfig = ChosenCluster.Option();
        var command = new Command(
            "guide",
            """
            The guide for a cluster of yours: its variables, commands and checks, to read and to paste in deploy/guides/ovn-kubernetes.

            With --walk it is carried out step by step, and goes on where it was when it is said again.

            Examples:
              ./dpf guide                                    print steps 0 to 6
              ./dpf guide --check --kubeconfig admin.conf    what is missing before anything is changed
              ./dpf guide --walk --kubeconfig admin.conf     carry out steps 1 to 6
              ./dpf guide --walk --deletion                  carry out step 7
            """)
        {
            mode, deletion, walk, check, patience, outside, kubeconfig,
        };
        command.SetAction(async (result, cancellation) =>
        {
            var step = ProvisioningMode.Step(result.GetValue(mode)!);
            if (!result.GetValue(walk) && !result.GetValue(check))
            {
                Console.Out.Write(GuideText.Of(
                    result.GetValue(deletion) ? GuideSteps.Deletion : GuideSteps.Installation(step), Environment.GetEnvironmentVariable));
                return 0;
            }

            // Wrong variables are told before anything is touched.
            var variables = GuideVariables.Read(GuideVariables.Definitions.Select(v => v.Name).Concat(Further)
                .Select(name => (Name: name, Value: Environment.GetEnvironmentVariable(name))).Where(v => v.Value is not null)
                .ToDictionary(v => v.Name, v => v.Value!, StringComparer.Ordinal));
            return await ChosenCluster.UseAsync(result.GetValue(kubeconfig), async (client, _) =>
            {
                var guide = new GuideWalk(client, variables, new ProgressView(Terminal.Console), TimeProvider.System)
                {
                    Patience = TimeSpan.FromMinutes(result.GetValue(patience)),
                };
                if (result.GetValue(deletion) && !result.GetValue(check))
                {
                    await guide.DeleteAsync(cancellation);
                    return 0;
                }

                await CheckAsync(client, variables, cancellation);
                return result.GetValue(check) ? 0 : await InstallAsync(guide, step, result.GetValue(outside) ?? [], cancellation);
            });
        });
        return command;
    }

    private static async Task CheckAsync(KubeClient client, GuideVariables variables, CancellationToken cancellation)
    {
        var problems = ClusterPreflight.Problems(await ClusterFacts.ReadAsync(client, variables, cancellation), variables);
        if (problems.Count > 0)
        {
            throw new UserErrorException($"{client.Connection.Server} is not ready for the guide; nothing was changed\n  {string.Join("\n  ", problems)}");
        }

        Terminal.Console.MarkupLine($"[green]✓[/] {Markup.Escape(client.Connection.Server.ToString())} is as the guide needs it");
    }

    private static async Task<int> InstallAsync(GuideWalk guide, GuideStep provisioning, string[] outside, CancellationToken cancellation)
    {
        await guide.InstallAsync(
            provisioning,
            _ =>
            {
                Terminal.Console.WriteLine("Now the worker nodes join, as the guide's step 6 says: their DPUs are flashed then.");
                return Task.CompletedTask;
            },
            cancellation);
        var matrix = await guide.TrafficAsync(outside, _ => { }, cancellation);
        MatrixView.Write(Terminal.Console, matrix);
        return matrix.Count > 0 && matrix.All(c => c.Ok) ? 0 : 1;
    }
}
