using System.Text;
using System.Text.Json.Nodes;
using Dpf.Helm.Charts;
using Dpf.Helm.Yaml;

namespace Dpf.Helm.Rendering;

/// <summary>What a chart gives.</summary>
public sealed record RenderedChart
{
    /// <summary>The objects of <c>crds/</c>, subcharts' included.</summary>
    public required IReadOnlyList<JsonObject> Crds { get; init; }

    /// <summary>The objects, in the order in which they are installed.</summary>
    public required IReadOnlyList<RenderedObject> Objects { get; init; }

    /// <summary>The hooks, in the order of their weights.</summary>
    public required IReadOnlyList<RenderedHook> Hooks { get; init; }

    /// <summary>NOTES.txt of the top chart.</summary>
    public required string Notes { get; init; }

    /// <summary>The manifest as a release stores it.</summary>
    public string Manifest => string.Concat(Objects.Select(o => $"---\n# Source: {o.Source}\n{o.Text}\n"));

    internal static RenderedChart Read(Chart chart, IReadOnlyList<(string Path, string Text)> files)
    {
        var objects = new List<RenderedObject>();
        var hooks = new List<RenderedHook>();
        var notes = "";
        foreach (var (path, text) in files.OrderBy(f => f.Path, StringComparer.Ordinal))
        {
            if (path.EndsWith("NOTES.txt", StringComparison.Ordinal))
            {
                notes = path.Count('/') == 2 ? text : notes;
                continue;
            }

            foreach (var value in ReadObjects(text, path))
            {
                var rendered = new RenderedObject(path, value);
                if ((string?)value["metadata"]?["annotations"]?["helm.sh/hook"] is { } events)
                {
                    hooks.Add(RenderedHook.Read(rendered, events));
                }
                else
                {
                    objects.Add(rendered);
                }
            }
        }

        return new RenderedChart
        {
            Crds = [.. CrdsOf(chart)],
            Objects = [.. InstallOrder.Sort(objects)],
            Hooks = [.. hooks.OrderBy(h => h.Weight).ThenBy(h => h.Object.Name, StringComparer.Ordinal)],
            Notes = notes,
        };
    }

    internal static IEnumerable<JsonObject> CrdsOf(Chart chart) =>
        chart.Dependencies.SelectMany(CrdsOf).Concat(chart.Files
            .Where(f => f.Key.StartsWith("crds/", StringComparison.Ordinal) && (f.Key.EndsWith(".yaml", StringComparison.Ordinal) || f.Key.EndsWith(".yml", StringComparison.Ordinal)))
            .SelectMany(f => ReadObjects(Encoding.UTF8.GetString(f.Value), f.Key)));

    private static IEnumerable<JsonObject> ReadObjects(string text, string path)
    {
        IReadOnlyList<object?> documents;
        try
        {
            documents = YamlReader.ReadAll(text, path);
        }
        catch (FormatException e)
        {
            throw new ChartException($"YAML parse error on {path}: {e.Message}", e);
        }

        foreach (var document in documents.Where(d => d is not null))
        {
            if (JsonText.ToNode(document) is not JsonObject value || value["kind"] is null || value["apiVersion"] is null)
            {
                throw new ChartException($"{path}: a manifest needs apiVersion and kind");
            }

            foreach (var item in value["kind"]!.ToString() == "List" && value["items"] is JsonArray items
                ? items.OfType<JsonObject>().Select(i => (JsonObject)i.DeepClone()) : [value])
            {
                if (item["metadata"]?["name"] is null)
                {
                    throw new ChartException($"{path}: {item["kind"]} has no metadata.name");
                }

                yield return item;
            }
        }
    }
}

/// <summary>An object that a chart gives.</summary>
/// <param name="Source">The template it came from.</param>
/// <param name="Value">The object.</param>
public sealed record RenderedObject(string Source, JsonObject Value)
{
    /// <summary>Its API version.</summary>
    public string ApiVersion => (string)Value["apiVersion"]!;

    /// <summary>Its kind.</summary>
    public string Kind => (string)Value["kind"]!;

    /// <summary>Its name.</summary>
    public string Name => Value["metadata"]!["name"]!.ToString();

    /// <summary>The namespace that it names itself.</summary>
    public string? Namespace => (string?)Value["metadata"]!["namespace"];

    /// <summary>The object as YAML.</summary>
    public string Text => YamlText.Write(JsonText.FromNode(Value));

    /// <summary>A copy of the object in a namespace, unless it names one itself.</summary>
    internal JsonObject In(string ns)
    {
        var value = (JsonObject)Value.DeepClone();
        value["metadata"]!["namespace"] ??= ns;
        return value;
    }
}

/// <summary>An object that is made at a moment of a release's life.</summary>
/// <param name="Object">The object.</param>
/// <param name="Events">The moments, e.g. <c>pre-install</c>.</param>
/// <param name="Weight">Hooks of one moment run in the order of their weights.</param>
/// <param name="DeletePolicies">When it is deleted, e.g. <c>hook-succeeded</c>.</param>
public sealed record RenderedHook(
    RenderedObject Object, IReadOnlyList<string> Events, int Weight, IReadOnlyList<string> DeletePolicies)
{
    internal static RenderedHook Read(RenderedObject rendered, string events)
    {
        var annotations = rendered.Value["metadata"]!["annotations"]!;
        var policies = Split((string?)annotations["helm.sh/hook-delete-policy"] ?? "before-hook-creation");
        return new RenderedHook(
            rendered, Split(events), int.TryParse(annotations["helm.sh/hook-weight"]?.ToString(), out var weight) ? weight : 0, policies);
    }

    private static string[] Split(string text) =>
        text.ToLowerInvariant().Split(',', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries);
}
