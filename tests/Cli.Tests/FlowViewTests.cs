using System.Text.Json.Nodes;
using Dpf.Cli.Views;
using Dpf.Guide.Traffic;
using Spectre.Console;

namespace Dpf.Cli.Tests;

public sealed class FlowViewTests
{
    private static readonly FlowResult Good = new(
        FlowCase.All[1], FlowOutcome.Ok, "client-far", "10.1.0.3:5200", "", TimeSpan.FromMilliseconds(0.25), 2.5e9, new OffloadProof("w1", 1000, 0, 1040, null));

    private static readonly FlowResult Bad = new(FlowCase.All[2], FlowOutcome.Failed, "client-near", "10.0.0.1:5300", "no answer in time");
    private static readonly FlowResult Left = new(FlowCase.All[3], FlowOutcome.Skipped, "client-far", "", "needs a second node");

    [Fact]
    public void ATableSaysWhatWasMeasuredAndWhoCarriedIt()
    {
        using var text = new StringWriter();
        var console = AnsiConsole.Create(new AnsiConsoleSettings { Out = new AnsiConsoleOutput(text), Ansi = AnsiSupport.No, ColorSystem = ColorSystemSupport.NoColors });
        console.Profile.Width = 200;
        FlowView.Write(console, [Good, Bad, Left]);
        Assert.All(
            ["POD_TO_POD_DIFF_NODE", "0.25 ms", "2.5 Gbit/s", "software, host 0 %, DPU 104 %", "FAILED", "no answer in time", "skipped"],
            word => Assert.Contains(word, text.ToString(), StringComparison.Ordinal));
    }

    [Fact]
    public void MachinesGetTheSame()
    {
        var json = JsonNode.Parse(FlowView.ToJson([Good, Bad, Left]))!;
        Assert.False((bool)json["ok"]!);
        Assert.Equal(["ok", "failed", "skipped"], json["cases"]!.AsArray().Select(c => (string)c!["outcome"]!));
        Assert.Equal("""{"proven":true,"by":"software","node":"w1","payloadBytes":1000,"hostBytes":0,"representorBytes":1040,"hardwareBytes":null}""", json["cases"]![0]!["offload"]!.ToJsonString());
        Assert.Equal((0.25, 2.5e9), ((double)json["cases"]![0]!["latencyMilliseconds"]!, (double)json["cases"]![0]!["bitsPerSecond"]!));
    }

    [Fact]
    public void ItIsWellWhenNothingFailedAndSomethingWasAsked()
    {
        Assert.True(FlowView.IsOk([Good, Left]));
        Assert.False(FlowView.IsOk([Good, Bad]));
        Assert.False(FlowView.IsOk([Left]));
        Assert.False(FlowView.IsOk([]));
    }
}
