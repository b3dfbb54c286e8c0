using System.Text.Json.Nodes;
using Dpf.Helm.Yaml;

namespace Dpf.Helm.Charts;

/// <summary>A chart with its subcharts, as files in memory.</summary>
public sealed class Chart
{
    /// <summary>Chart.yaml.</summary>
    public required ChartMetadata Metadata { get; init; }

    /// <summary>values.yaml.</summary>
    internal Dictionary<string, object?> Values { get; init; } = new(StringComparer.Ordinal);

    /// <summary>Everything under <c>templates/</c>: path in the chart and text.</summary>
    internal IReadOnlyDictionary<string, string> Templates { get; init; } = new Dictionary<string, string>();

    /// <summary>Every other file: path in the chart and content.</summary>
    internal IReadOnlyDictionary<string, byte[]> Files { get; init; } = new Dictionary<string, byte[]>();

    /// <summary>The charts in <c>charts/</c>.</summary>
    public required IReadOnlyList<Chart> Dependencies { get; init; }

    /// <summary>The chart's default values as JSON.</summary>
    public JsonObject DefaultValues => (JsonObject)JsonText.ToNode(Values)!;

    /// <summary>The same chart under another name: a dependency's alias.</summary>
    internal Chart As(string name) => new()
    {
        Metadata = Metadata with { Name = name },
        Values = Helm.Templates.GoValue.Copy(Values),
        Templates = Templates,
        Files = Files,
        Dependencies = Dependencies,
    };
}
