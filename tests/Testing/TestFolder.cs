using System.Runtime.CompilerServices;

namespace Dpf.Testing;

/// <summary>Folders of the repository, found from the tests' sources.</summary>
internal static class TestFolder
{
    /// <summary>The repository.</summary>
    public static string Repository { get; } = Find();

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
