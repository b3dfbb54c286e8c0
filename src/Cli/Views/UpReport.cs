using System.Text.Json;
using System.Text.Json.Nodes;
using Dpf.Guide.Traffic;

namespace Dpf.Cli.Views;

/// <summary>What <c>up</c> and <c>traffic</c> say to machines.</summary>
/// <param name="Steps">Titles and seconds.</param>
/// <param name="Matrix">The cells.</param>
public sealed record UpReport(IReadOnlyList<(string Number, string Title, double Seconds)> Steps, IReadOnlyList<TrafficCell> Matrix)
{
    private static readonly JsonSerializerOptions Indented = new() { WriteIndented = true };

    /// <summary>Whether every cell got through.</summary>
    public bool Ok => Matrix.Count > 0 && Matrix.All(cell => cell.Ok);

    /// <summary>One JSON object.</summary>
    public string ToJson() => new JsonObject
    {
        ["ok"] = Ok,
        ["steps"] = new JsonArray([.. Steps.Select(s => new JsonObject
        {
            ["step"] = s.Number,
            ["title"] = s.Title,
            ["seconds"] = Math.Round(s.Seconds, 2),
        })]),
        ["matrix"] = new JsonArray([.. Matrix.Select(c => new JsonObject
        {
            ["from"] = c.From,
            ["to"] = c.To,
            ["kind"] = MatrixView.Name(c.Kind),
            ["ok"] = c.Ok,
            ["detail"] = c.Detail,
        })]),
    }.ToJsonString(Indented);
}
