using Dpf.Guide.Commands;
using Dpf.Guide.Steps;

namespace Dpf.Guide.Tests;

public sealed class ShellLineTests
{
    private static readonly Dictionary<string, string> Variables = new() { ["TAG"] = "v1", ["URL"] = "oci://x", ["KEY"] = "a b" };

    [Fact]
    public void WordsQuotesAndVariablesAreReadAsAShellWould()
    {
        var command = Assert.Single(ShellLine.Parse("""helm --user="\$oauth" ${URL}/chart --version $TAG '$TAG' --key=$KEY "" """, Variables));
        Assert.Equal(["helm", "--user=$oauth", "oci://x/chart", "--version", "v1", "$TAG", "--key=a b", ""], command.Words);
    }

    [Fact]
    public void APipelineIsSplitAndARedirectedFileKept()
    {
        var commands = ShellLine.Parse("envsubst < a/b.yml | helm install x -", Variables);
        Assert.Equal(["envsubst"], commands[0].Words);
        Assert.Equal("a/b.yml", commands[0].InputFile);
        Assert.Equal(["helm", "install", "x", "-"], commands[1].Words);
    }

    [Fact]
    public void AnUnsetVariableIsAnErrorThatNamesIt() =>
        Assert.Contains("$NOPE", Assert.Throws<FormatException>(() => ShellLine.Parse("echo $NOPE", Variables)).Message, StringComparison.Ordinal);

    [Fact]
    public void AnOpenQuoteIsAnError() => Assert.Throws<FormatException>(() => ShellLine.Parse("echo \"x", Variables));

    [Fact]
    public void EnvsubstReplacesUnsetVariablesByNothingAndKeepsOtherDollars() =>
        Assert.Equal("$oauthtoken v1 $ 5$", ShellLine.Substitute("$${no_variable}oauthtoken ${TAG} $ 5$", Variables));

    [Fact]
    public void EveryCommandOfTheGuideCanBeRead()
    {
        var variables = Variable.All.ToDictionary(n => n, _ => "x");
        GuideStep[] steps =
        [
            GuideSteps.CniInstallation, GuideSteps.OperatorInstallation, GuideSteps.SystemInstallation, GuideSteps.AcceleratedCni,
            GuideSteps.ProvisioningWithDpuServices, GuideSteps.AddWorkers, GuideSteps.TestPods, .. GuideSteps.Deletion,
        ];
        foreach (var line in steps.SelectMany(s => s.Commands.Concat(s.Verification)))
        {
            Assert.All(ShellLine.Parse(line, variables), c => Assert.Contains(c.Words[0], Variable.Programs));
        }
    }

    private static class Variable
    {
        public static readonly string[] Programs = ["kubectl", "helm", "envsubst", "cat", "curl", "tar"];

        public static IEnumerable<string> All => Dpf.Guide.Variables.GuideVariables.Definitions.Select(d => d.Name);
    }
}
