using Dpf.Runtime.Clusters;
using YamlDotNet.Core;
using YamlDotNet.RepresentationModel;

namespace Dpf.Cli.Clusters;

/// <summary>
/// The kubeconfig of who runs the command, as kubectl reads it: of several files the first that says something counts, a path is relative
/// to the file that names it, and a program may get the credential.
/// </summary>
internal static class UserKubeconfig
{
    private static readonly string[] Lists = ["clusters", "contexts", "users"];

    // Of clusters and users. A command with a slash is a path too.
    private static readonly string[] Paths = ["certificate-authority", "client-certificate", "client-key", "tokenFile"];

    /// <summary>The connection of the current context.</summary>
    /// <param name="files">The files; those that are not there are left out.</param>
    /// <exception cref="FormatException">One of them is no kubeconfig, it lacks something, or its program gives no credential.</exception>
    /// <exception cref="IOException">None can be read.</exception>
    public static KubeConnection Read(IReadOnlyList<string> files)
    {
        var there = files.Where(File.Exists).ToList();
        if (there.Count == 0)
        {
            throw new FileNotFoundException("there is no such file");
        }

        return KubeConnection.FromKubeconfig(Merged(there), run: program => new ProgramRun(program, TimeProvider.System).Credential());
    }

    /// <summary>One kubeconfig out of several.</summary>
    public static string Merged(IReadOnlyList<string> files)
    {
        var merged = new YamlMappingNode();
        foreach (var file in files)
        {
            if (Load(file) is not { } root)
            {
                continue;
            }

            foreach (var list in Lists)
            {
                if (Child(root, list) is YamlSequenceNode entries)
                {
                    var all = (YamlSequenceNode)(Child(merged, list) ?? (merged.Children[list] = new YamlSequenceNode()));
                    foreach (var entry in entries.OfType<YamlMappingNode>())
                    {
                        Resolve(entry, Path.GetDirectoryName(Path.GetFullPath(file))!);
                        all.Add(entry);
                    }
                }
            }

            if (Child(merged, "current-context") is null && Child(root, "current-context") is YamlScalarNode { Value.Length: > 0 } context)
            {
                merged.Children["current-context"] = context;
            }
        }

        var text = new StringWriter();
        new YamlStream(new YamlDocument(merged)).Save(text, assignAnchors: false);
        return text.ToString();
    }

    private static YamlMappingNode? Load(string file)
    {
        var stream = new YamlStream();
        try
        {
            stream.Load(new StringReader(File.ReadAllText(file)));
        }
        catch (YamlException e)
        {
            throw new FormatException($"{file}: not YAML: {e.Message}", e);
        }

        return stream.Documents.Count > 0 ? stream.Documents[0].RootNode as YamlMappingNode : null;
    }

    private static void Resolve(YamlMappingNode entry, string folder)
    {
        foreach (var part in entry.Children.Values.OfType<YamlMappingNode>())
        {
            foreach (var key in Paths)
            {
                if (Child(part, key) is YamlScalarNode { Value.Length: > 0 } path)
                {
                    path.Value = Path.Combine(folder, path.Value);
                }
            }

            if (Child(part, "exec") is YamlMappingNode exec && Child(exec, "command") is YamlScalarNode { Value: { } command } program && command.Contains('/', StringComparison.Ordinal))
            {
                program.Value = Path.Combine(folder, command);
            }
        }
    }

    private static YamlNode? Child(YamlMappingNode node, string key) => node.Children.TryGetValue(new YamlScalarNode(key), out var value) ? value : null;
}
