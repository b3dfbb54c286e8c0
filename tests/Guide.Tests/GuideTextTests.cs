using System.Diagnostics;
using Dpf.Guide.Steps;
using Dpf.Guide.Variables;

namespace Dpf.Guide.Tests;

public sealed class GuideTextTests
{
    private static readonly IReadOnlyList<GuideStep> Steps = GuideSteps.Installation(GuideSteps.ProvisioningWithDpuServices);

    [Fact]
    public async Task AShellTakesTheVariablesAsTheyAreMeant()
    {
        var mine = new Dictionary<string, string> { ["DPU_P0"] = "it's $(odd)", ["TAG"] = "v1" };
        var text = GuideText.Of([], mine.GetValueOrDefault);
        var expected = GuideVariables.Definitions.Select(v => $"{v.Name}={mine.GetValueOrDefault(v.Name) ?? v.Default}");
        Assert.Equal(expected, (await BashAsync(text + "env")).Split('\n').Where(l => expected.Contains(l)).OrderBy(l => expected.ToList().IndexOf(l)));
    }

    [Fact]
    public async Task AKeyIsNotShown()
    {
        var text = GuideText.Of(Steps, name => name == "NGC_API_KEY" ? "secret" : null);
        Assert.DoesNotContain("secret\n", text, StringComparison.Ordinal);
        Assert.Contains("export NGC_API_KEY=\"$NGC_API_KEY\"", text, StringComparison.Ordinal);
        Assert.Equal("mine", (await BashAsync($"NGC_API_KEY=mine\n{GuideText.Of([], _ => "x")}echo $NGC_API_KEY")).Trim());
    }

    [Fact]
    public void EveryCommandAndCheckStandsOnALineOfItsOwnInTheGuidesOrder()
    {
        var lines = GuideText.Of([.. Steps, .. GuideSteps.Deletion], _ => null).Split('\n').ToList();
        var wanted = Steps.Concat(GuideSteps.Deletion).SelectMany(s => s.Commands.Concat(s.Verification)).ToList();
        Assert.Equal(wanted, lines.Where(l => l.Length > 0 && l[0] != '#' && !l.StartsWith("export ", StringComparison.Ordinal)));
    }

    private static async Task<string> BashAsync(string script)
    {
        using var bash = Process.Start(new ProcessStartInfo("bash", ["-euc", script]) { UseShellExecute = false, RedirectStandardOutput = true })!;
        var output = await bash.StandardOutput.ReadToEndAsync(TestContext.Current.CancellationToken);
        await bash.WaitForExitAsync(TestContext.Current.CancellationToken);
        Assert.Equal(0, bash.ExitCode);
        return output;
    }
}
