using Dpf.Runtime.Clusters;

namespace Dpf.Guide.Commands;

/// <summary>
/// Carries out the guide's own command lines, unchanged, without <c>kubectl</c>, <c>helm</c> or a shell: they say which objects
/// and charts, the Kubernetes API does the rest.
/// </summary>
/// <param name="client">The target cluster.</param>
/// <param name="charts">Installs charts.</param>
/// <param name="variables">The guide's variables.</param>
/// <param name="folder">The guide's folder, in which relative paths begin.</param>
/// <param name="mirrors">URL of a chart source → an OCI reference to use instead, for places without the internet.</param>
/// <param name="time">The clock.</param>
public sealed class CommandRunner(
    KubeClient client, IChartInstaller charts, IReadOnlyDictionary<string, string> variables, string folder,
    IReadOnlyDictionary<string, string> mirrors, TimeProvider time)
{
    private readonly Kubectl _kubectl = new(client, time);
    private readonly Dictionary<string, string> _repositories = [];
    private readonly Dictionary<string, (string Url, string Folder)> _fetched = [];

    /// <summary>Runs one line.</summary>
    /// <exception cref="NotYetException">A verification is not true yet.</exception>
    /// <exception cref="FormatException">The line is not one that the guide uses; or a manifest is not valid.</exception>
    public async Task RunAsync(string line, CancellationToken cancellation)
    {
        string? text = null;
        var fetched = (string?)null;
        foreach (var command in ShellLine.Parse(line, variables))
        {
            text = command.InputFile is { } file ? File.ReadAllText(PathOf(file)) : text;
            switch (command.Words)
            {
                case ["cat", var pattern]:
                    text = string.Join("\n---\n", Read(pattern).Select(f => f.Text));
                    break;
                case ["envsubst"]:
                    text = ShellLine.Substitute(text ?? "", variables);
                    break;
                case ["curl", var url]:
                    fetched = url;
                    break;
                case ["tar", .., var path]:
                    _fetched["./" + Path.GetFileName(path.TrimEnd('/'))] = (fetched ?? "", path.TrimEnd('/'));
                    break;
                case ["kubectl", ..]:
                    await _kubectl.RunAsync(command.Words, text, Read, cancellation);
                    break;
                case ["helm", ..]:
                    await HelmAsync(new Arguments(command.Words.Skip(1)), text, cancellation);
                    break;
                default:
                    throw new FormatException($"'{line}' is not a command of the guide");
            }
        }
    }

    private async Task HelmAsync(Arguments arguments, string? input, CancellationToken cancellation)
    {
        switch (arguments.Words)
        {
            case ["registry", "login", ..]:
                // Credentials reach the cluster as pull secrets; chart pulls of ours are anonymous.
                break;
            case ["repo", "add", var name, var url]:
                _repositories[name] = url;
                break;
            case ["upgrade" or "install", var release, var chart]:
                var (source, chartName) = Source(chart);
                await charts.UpgradeInstallAsync(
                    release, arguments.Namespace, source, chartName, arguments["--version"], Values(arguments, input),
                    arguments["--create-namespace"] is not null, cancellation);
                break;
            case ["uninstall", var release]:
                await charts.UninstallAsync(release, arguments.Namespace, cancellation);
                break;
            default:
                throw new FormatException($"'helm {string.Join(' ', arguments.Words)}' is not a command of the guide");
        }
    }

    private string Values(Arguments arguments, string? input)
    {
        var file = arguments["--values"] ?? arguments["--filename"];
        return file switch { null => "", "-" => input ?? "", _ => File.ReadAllText(PathOf(file)) };
    }

    private (string Source, string? Name) Source(string chart)
    {
        if (chart.StartsWith("oci://", StringComparison.Ordinal))
        {
            return (chart, null);
        }

        if (_fetched.TryGetValue(chart, out var fetched))
        {
            return mirrors.TryGetValue(fetched.Url, out var mirror) ? (mirror, null) : ($"{fetched.Url}#{fetched.Folder}", null);
        }

        var parts = chart.Split('/', 2);
        if (parts.Length == 2 && _repositories.TryGetValue(parts[0], out var repository))
        {
            return mirrors.TryGetValue(repository, out var mirror) ? ($"{mirror}/{parts[1]}", null) : (repository, parts[1]);
        }

        return (PathOf(chart), null);
    }

    private string PathOf(string path) => Path.GetFullPath(path, folder);

    private IReadOnlyList<(string Name, string Text)> Read(string pattern)
    {
        var full = PathOf(pattern);
        var files = Directory.Exists(full)
            ? Directory.GetFiles(full, "*.yaml")
            : Directory.GetFiles(Path.GetDirectoryName(full)!, Path.GetFileName(full));
        return files.Length > 0
            ? [.. files.Order(StringComparer.Ordinal).Select(f => (Path.GetRelativePath(folder, f), File.ReadAllText(f)))]
            : throw new FileNotFoundException($"{pattern}: no such file under {folder}");
    }
}
