using System.CommandLine;
using Dpf.Guide.Steps;

namespace Dpf.Cli.Commands;

/// <summary><c>dpf guide</c>.</summary>
internal static class GuideCommand
{
    public static Command Create()
    {
        var mode = ProvisioningMode.Option();
        var deletion = new Option<bool>("--deletion") { Description = "the commands of step 7, which take everything down again" };
        var command = new Command(
            "guide", "Print the guide's variables, commands and checks for a cluster of yours; they run in deploy/guides/ovn-kubernetes.") { mode, deletion };
        command.SetAction(result => Console.Out.Write(GuideText.Of(
            result.GetValue(deletion) ? GuideSteps.Deletion : GuideSteps.Installation(ProvisioningMode.Step(result.GetValue(mode)!)),
            Environment.GetEnvironmentVariable)));
        return command;
    }
}
