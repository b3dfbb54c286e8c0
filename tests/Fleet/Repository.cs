using System.Runtime.CompilerServices;

namespace Dpf.Fleet;

/// <summary>The repository that this was built from.</summary>
internal static class Repository
{
    public static string Root { get; } = Path.GetFullPath(Path.Combine(Path.GetDirectoryName(Here())!, "../.."));

    private static string Here([CallerFilePath] string here = "") => here;
}
