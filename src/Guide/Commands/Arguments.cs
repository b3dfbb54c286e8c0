namespace Dpf.Guide.Commands;

/// <summary>A command's words, sorted into flags and the rest.</summary>
public sealed class Arguments
{
    private static readonly HashSet<string> Switches =
        ["--all", "--wait", "--install", "--create-namespace", "--no-hooks", "--force-update"];

    private static readonly Dictionary<string, string> Short = new()
    {
        ["-n"] = "--namespace",
        ["-f"] = "--filename",
        ["-l"] = "--selector",
    };

    private readonly Dictionary<string, string> _flags = [];

    /// <summary>Sorts words.</summary>
    public Arguments(IEnumerable<string> words)
    {
        var rest = new List<string>();
        string? pending = null;
        foreach (var word in words)
        {
            if (pending is not null)
            {
                _flags[pending] = word;
                pending = null;
            }
            else if (word.StartsWith('-') && word != "-")
            {
                var (name, value) = word.Split('=', 2) is [var left, var right] ? (left, right) : (word, null);
                name = Short.GetValueOrDefault(name, name);
                if (value is not null)
                {
                    _flags[name] = value;
                }
                else if (Switches.Contains(name))
                {
                    _flags[name] = "true";
                }
                else
                {
                    pending = name;
                }
            }
            else
            {
                rest.Add(word);
            }
        }

        Words = [.. rest];
    }

    /// <summary>The words that are no flags.</summary>
    public string[] Words { get; }

    /// <summary>A flag's value (<c>true</c> for a switch), or null.</summary>
    public string? this[string flag] => _flags.GetValueOrDefault(flag);

    /// <summary><c>--namespace</c>.</summary>
    public string Namespace => this["--namespace"] ?? "default";
}
