using Microsoft.Extensions.Logging;

namespace Dpf.ApiServer;

/// <summary>An API server as the whole work of a process.</summary>
public static class ApiServerProcess
{
    /// <summary>
    /// Serves until cancelled. As soon as requests are served, an administrator's kubeconfig (mode 0600) is at
    /// <paramref name="kubeconfigPath"/>; its appearance tells that the server is ready.
    /// </summary>
    /// <exception cref="IOException">An endpoint is taken, or the data folder or the kubeconfig's is not usable.</exception>
    public static async Task RunAsync(ApiServerOptions options, string kubeconfigPath, CancellationToken cancellation)
    {
        await using var server = await EmbeddedApiServer.StartAsync(options, cancellation);
        WriteSecret(kubeconfigPath, server.AdminKubeconfig);
        options.Loggers.CreateLogger("apiserver").LogInformation("serving at {Address}", server.Address);
        await Task.Delay(Timeout.InfiniteTimeSpan, options.Time, cancellation).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
    }

    private static void WriteSecret(string path, string text)
    {
        Directory.CreateDirectory(Path.GetDirectoryName(Path.GetFullPath(path))!);
        var fresh = path + ".new";
        File.Delete(fresh);
        using (var file = new StreamWriter(fresh, new FileStreamOptions
        {
            Mode = FileMode.CreateNew, Access = FileAccess.Write, UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite,
        }))
        {
            file.Write(text);
        }

        // Whoever waits for the file must never see half of it.
        File.Move(fresh, path, overwrite: true);
    }
}
