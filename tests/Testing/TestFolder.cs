using System.Runtime.CompilerServices;

namespace Dpf.Testing;

/// <summary>Folders of the repository, found from the tests' sources.</summary>
internal static class TestFolder
{
    /// <summary>The repository.</summary>
    public static string Repository { get; } = Find();

    /// <summary>The folder of a chart: ours, or one that stands in for another project's.</summary>
    public static string Chart(string name) =>
        Path.Combine(Repository, "deploy/charts", name) is var ours && Directory.Exists(ours) ? ours : Path.Combine(Repository, "deploy/stand-ins", name);

    /// <summary>A file or folder beside the file that asks.</summary>
    public static string Beside(string path, [CallerFilePath] string here = "") => Path.Combine(Path.GetDirectoryName(here)!, path);

    private static string Find([CallerFilePath] string here = "")
    {
        var folder = Path.GetDirectoryName(here)!;
        while (!File.Exists(Path.Combine(folder, "Dpf.slnx")))
        {
            folder = Path.GetDirectoryName(folder)!;
        }

        return folder;
    }
}
