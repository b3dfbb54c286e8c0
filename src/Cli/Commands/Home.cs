namespace Dpf.Cli.Commands;

/// <summary>Where the project's own files are.</summary>
internal static class Home
{
    /// <summary>The folder that holds <c>deploy/</c>: <c>DPF_HOME</c>, which the launcher sets, or above the program.</summary>
    public static string Path { get; } = Find();

    private static string Find()
    {
        if (Environment.GetEnvironmentVariable("DPF_HOME") is { Length: > 0 } home)
        {
            return home;
        }

        for (var folder = new DirectoryInfo(AppContext.BaseDirectory); folder is not null; folder = folder.Parent)
        {
            if (Directory.Exists(System.IO.Path.Combine(folder.FullName, "deploy/guides")))
            {
                return folder.FullName;
            }
        }

        throw new UserErrorException("the folder deploy/ is not found; start dpf by ./dpf, or set DPF_HOME to the project's folder", 2);
    }
}
