using System.Globalization;
using System.Text.Json;
using System.Text.Json.Nodes;
using Dpf.Guide.Traffic;
using Spectre.Console;

namespace Dpf.Cli.Views;

/// <summary>The results of traffic flows, for people and for machines.</summary>
public static class FlowView
{
    private static readonly JsonSerializerOptions Indented = new() { WriteIndented = true };

    /// <summary>Whether nothing failed, and something was asked.</summary>
    public static bool IsOk(IReadOnlyList<FlowResult> results) =>
        results.All(r => r.Outcome != FlowOutcome.Failed) && results.Any(r => r.Outcome == FlowOutcome.Ok);

    /// <summary>One line, while the rest is still to come.</summary>
    public static string Line(FlowResult result) =>
        $"{result.Case.Id,2} {result.Case.Name}: {Word(result.Outcome)}{(result.Detail.Length > 0 ? ", " + result.Detail : "")}";

    /// <summary>Writes the table.</summary>
    public static void Write(IAnsiConsole console, IReadOnlyList<FlowResult> results)
    {
        var table = new Table { Border = TableBorder.Rounded };
        table.AddColumns("#", "case", "", "latency", "throughput", "offload", "detail");
        foreach (var result in results)
        {
            table.AddRow(
                new Text(result.Case.Id.ToString(CultureInfo.InvariantCulture)), new Text(result.Case.Name),
                new Markup(result.Outcome switch { FlowOutcome.Ok => "[green]ok[/]", FlowOutcome.Failed => "[red]FAILED[/]", _ => "[grey]skipped[/]" }),
                new Text(Latency(result)), new Text(Throughput(result)), Offload(result.Offload), new Text(result.Detail));
        }

        console.Write(table);
        if (results.Any(r => r.Offload is not null))
        {
            console.WriteLine(
                "offload: of the payload, how much the network of the pod's host saw, and how much the DPU counted at the pod's function;\n" +
                "\"software\" is the DPU's switch, \"hardware\" its chip.");
        }
    }

    /// <summary>One JSON object.</summary>
    public static string ToJson(IReadOnlyList<FlowResult> results) => new JsonObject
    {
        ["ok"] = IsOk(results),
        ["cases"] = new JsonArray([.. results.Select(Json)]),
    }.ToJsonString(Indented);

    private static JsonObject Json(FlowResult result) => new()
    {
        ["id"] = result.Case.Id,
        ["name"] = result.Case.Name,
        ["outcome"] = Word(result.Outcome).ToLowerInvariant(),
        ["from"] = result.From,
        ["to"] = result.To,
        ["detail"] = result.Detail,
        ["latencyMilliseconds"] = result.Latency is { } latency ? Math.Round(latency.TotalMilliseconds, 3) : null,
        ["bitsPerSecond"] = result.BitsPerSecond is { } rate ? Math.Round(rate) : null,
        ["offload"] = result.Offload is not { } proof ? null : new JsonObject
        {
            ["proven"] = proof.IsOffloaded,
            ["by"] = proof.By,
            ["node"] = proof.Node,
            ["payloadBytes"] = proof.Payload,
            ["hostBytes"] = proof.Host,
            ["representorBytes"] = proof.Representor,
            ["hardwareBytes"] = proof.Hardware,
        },
    };

    private static string Word(FlowOutcome outcome) => outcome switch { FlowOutcome.Ok => "ok", FlowOutcome.Failed => "FAILED", _ => "skipped" };

    private static string Latency(FlowResult result) =>
        result.Latency is { } latency ? string.Create(CultureInfo.InvariantCulture, $"{latency.TotalMilliseconds:0.00} ms") : "";

    private static string Throughput(FlowResult result) => result.BitsPerSecond switch
    {
        null => "",
        >= 1e9 and var rate => string.Create(CultureInfo.InvariantCulture, $"{rate / 1e9:0.0} Gbit/s"),
        { } rate => string.Create(CultureInfo.InvariantCulture, $"{rate / 1e6:0} Mbit/s"),
    };

    private static Markup Offload(OffloadProof? proof) => proof switch
    {
        null => new Markup(""),
        { IsOffloaded: true } => new Markup($"[green]{proof.By}[/], host {Share(proof.Host, proof)}, DPU {Share(proof.Hardware ?? proof.Representor, proof)}"),
        _ => new Markup($"[yellow]not proven[/], host {Share(proof.Host, proof)}, DPU {Share(proof.Hardware ?? proof.Representor, proof)}"),
    };

    private static string Share(long bytes, OffloadProof proof) => string.Create(CultureInfo.InvariantCulture, $"{100.0 * bytes / proof.Payload:0} %");
}
