using System.Globalization;
using Dpf.Helm.Templates;
using Dpf.Helm.Yaml;

namespace Dpf.Helm.Charts;

/// <summary>Chart.yaml (helm.sh/docs/topics/charts).</summary>
public sealed record ChartMetadata
{
    /// <summary>The chart's name.</summary>
    public required string Name { get; init; }

    /// <summary>The chart's version.</summary>
    public required string Version { get; init; }

    /// <summary>The version of what it installs.</summary>
    public string AppVersion { get; init; } = "";

    /// <summary>The Kubernetes versions it is for, a constraint; empty for all.</summary>
    public string KubeVersion { get; init; } = "";

    /// <summary>What it is.</summary>
    public string Description { get; init; } = "";

    /// <summary><c>application</c> or <c>library</c>.</summary>
    public string Type { get; init; } = "";

    /// <summary>The charts it needs.</summary>
    public IReadOnlyList<ChartDependency> Dependencies { get; init; } = [];

    /// <summary>Chart.yaml as it is.</summary>
    internal Dictionary<string, object?> Raw { get; init; } = [];

    /// <summary>Whether it only lends templates to others.</summary>
    public bool IsLibrary => string.Equals(Type, "library", StringComparison.OrdinalIgnoreCase);

    /// <summary>Reads Chart.yaml.</summary>
    /// <exception cref="ChartException">Something that must be there is not.</exception>
    internal static ChartMetadata Parse(string yaml, string source)
    {
        Dictionary<string, object?> raw;
        try
        {
            raw = YamlReader.ReadMap(yaml, source);
        }
        catch (FormatException e)
        {
            throw new ChartException($"{source}: {e.Message}", e);
        }

        string Text(string key) => raw.GetValueOrDefault(key) is { } value ? Print(value) : "";
        string Needed(string key) => Text(key) is { Length: > 0 } value
            ? value
            : throw new ChartException($"{source}: validation: chart.metadata.{key} is required");
        return new ChartMetadata
        {
            Name = Needed("name"),
            Version = Needed("version"),
            AppVersion = Text("appVersion"),
            KubeVersion = Text("kubeVersion"),
            Description = Text("description"),
            Type = Text("type"),
            Raw = raw,
            Dependencies = [.. (raw.GetValueOrDefault("dependencies") as List<object?> ?? [])
                .OfType<Dictionary<string, object?>>().Select(ChartDependency.Parse)],
        };
    }

    internal static string Print(object value) =>
        value is double number ? number.ToString("R", CultureInfo.InvariantCulture) : GoValue.Print(value);
}

/// <summary>A chart that another needs.</summary>
/// <param name="Name">Its name.</param>
/// <param name="Version">Its version, a constraint.</param>
/// <param name="Repository">Where it comes from.</param>
/// <param name="Condition">Paths in the values that turn it on or off, separated by commas.</param>
/// <param name="Tags">Tags that turn it on or off.</param>
/// <param name="Alias">The name it goes by; empty for its own.</param>
public sealed record ChartDependency(
    string Name, string Version, string Repository, string Condition, IReadOnlyList<string> Tags, string Alias)
{
    /// <summary>The name of its section in the values.</summary>
    public string Key => Alias.Length > 0 ? Alias : Name;

    internal static ChartDependency Parse(Dictionary<string, object?> raw)
    {
        string Text(string key) => raw.GetValueOrDefault(key) is { } value ? ChartMetadata.Print(value) : "";
        return new ChartDependency(
            Text("name"), Text("version"), Text("repository"), Text("condition"),
            [.. (raw.GetValueOrDefault("tags") as List<object?> ?? []).OfType<string>()], Text("alias"));
    }
}

/// <summary>A chart cannot be had, read or rendered. The message says which and why.</summary>
public sealed class ChartException : Exception
{
    /// <summary>A failure.</summary>
    public ChartException(string message)
        : base(message)
    {
    }

    /// <summary>A failure with its cause.</summary>
    public ChartException(string message, Exception inner)
        : base(message, inner)
    {
    }
}
