using System.CommandLine;
using Dpf.Guide.Steps;

namespace Dpf.Cli.Commands;

/// <summary>The two ways of the guide's step 5, of which a cluster takes one.</summary>
internal static class ProvisioningMode
{
    /// <summary>Step 5.1 of the guide.</summary>
    public const string DpuService = "dpuservice";

    /// <summary>Step 5.2 of the guide.</summary>
    public const string DpuDeployment = "dpudeployment";

    /// <summary>The option that chooses.</summary>
    public static Option<string> Option()
    {
        var mode = new Option<string>("--mode", "-m")
        {
            Description = "the way of the guide's step 5: dpuservice (5.1) or dpudeployment (5.2)", DefaultValueFactory = _ => DpuService,
        };
        mode.AcceptOnlyFromAmong(DpuService, DpuDeployment);
        return mode;
    }

    /// <summary>The step of a way.</summary>
    public static GuideStep Step(string mode) =>
        mode == DpuDeployment ? GuideSteps.ProvisioningWithDpuDeployment : GuideSteps.ProvisioningWithDpuServices;
}
