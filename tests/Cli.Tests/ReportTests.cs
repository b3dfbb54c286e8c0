using System.Text.Json.Nodes;
using Dpf.Cli.Commands;
using Dpf.Cli.Views;
using Dpf.Guide.Traffic;
using Dpf.Guide.Variables;
using Spectre.Console;

namespace Dpf.Cli.Tests;

public sealed class ReportTests
{
    private static readonly TrafficCell Good = new("a (w1)", "b (w2)", TrafficKind.PodToPodAcrossWorkers, true, "0.1 ms");
    private static readonly TrafficCell Bad = new("a (w1)", "service [x]", TrafficKind.PodToClusterIp, false, "no answer from \"b\"");

    [Fact]
    public void AReportForMachinesHasStepsAndCells()
    {
        var json = JsonNode.Parse(new UpReport([("0", "Networks", 1.234), ("1", "CNI", 2)], [Good, Bad]).ToJson())!;
        Assert.Equal(
            """{"ok":false,"steps":[{"step":"0","title":"Networks","seconds":1.23},{"step":"1","title":"CNI","seconds":2}],""" +
            "\"matrix\":" + """[{"from":"a (w1)","to":"b (w2)","kind":"pod-to-pod-across-workers","ok":true,"detail":"0.1 ms"},""" +
            """{"from":"a (w1)","to":"service [x]","kind":"pod-to-cluster-ip","ok":false,"detail":"no answer from \u0022b\u0022"}]}""",
            json.ToJsonString());
    }

    [Theory]
    [InlineData(0, 0, false)]
    [InlineData(1, 0, true)]
    [InlineData(1, 1, false)]
    public void ItIsWellOnlyWhenThereIsTrafficAndAllOfItGetsThrough(int good, int bad, bool isOk) =>
        Assert.Equal(isOk, new UpReport([], [.. Enumerable.Repeat(Good, good), .. Enumerable.Repeat(Bad, bad)]).Ok);

    [Fact]
    public void ATableShowsEveryCellAsItIs()
    {
        using var text = new StringWriter();
        var console = AnsiConsole.Create(new AnsiConsoleSettings { Out = new AnsiConsoleOutput(text), Ansi = AnsiSupport.No, ColorSystem = ColorSystemSupport.NoColors });
        console.Profile.Width = 160;
        MatrixView.Write(console, [Good, Bad]);
        Assert.Contains("pod to pod, across workers", text.ToString(), StringComparison.Ordinal);
        Assert.Contains("service [x]", text.ToString(), StringComparison.Ordinal);
        Assert.Contains("FAILED", text.ToString(), StringComparison.Ordinal);
    }

    [Theory, MemberData(nameof(Kinds))]
    public void EveryKindOfTrafficHasATitle(TrafficKind kind) => Assert.Contains(' ', MatrixView.Title(kind));

    [Fact]
    public void OnlyWhatIsTheUsersIsShownWithoutAStackTrace()
    {
        Assert.Equal(("x", 2), (UserErrors.Explain(new UserErrorException("x", 2)), UserErrors.ExitCode(new UserErrorException("x", 2))));
        Assert.EndsWith("\n  a\n  b", UserErrors.Explain(new GuideVariableException(["a", "b"])), StringComparison.Ordinal);
        Assert.Equal(130, UserErrors.ExitCode(new OperationCanceledException()));
        Assert.Null(UserErrors.Explain(new InvalidOperationException("a bug")));
    }

    public static TheoryData<TrafficKind> Kinds() => [.. Enum.GetValues<TrafficKind>()];
}
