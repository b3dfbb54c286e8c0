namespace Dpf.Cli.Daemon;

/// <summary>Lets one <c>up</c> or <c>down</c> at a time touch the lab; the kernel frees it when its holder dies.</summary>
public sealed class LabLock : IDisposable
{
    private readonly FileStream _file;
    private readonly string _path;

    private LabLock(FileStream file, string path) => (_file, _path) = (file, path);

    /// <summary>Takes the lock.</summary>
    /// <exception cref="Commands.UserErrorException">Another one holds it.</exception>
    public static LabLock Take(LabPaths paths, string verb)
    {
        Directory.CreateDirectory(Path.GetDirectoryName(paths.Lock)!);
        try
        {
            var file = new FileStream(paths.Lock, FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.Read);
            file.SetLength(0);
            using (var writer = new StreamWriter(file, leaveOpen: true))
            {
                writer.Write($"{verb} {Environment.ProcessId}");
            }

            file.Flush();
            return new LabLock(file, paths.Lock);
        }
        catch (IOException)
        {
            throw new Commands.UserErrorException($"another dpf is at work on this lab ({Holder(paths.Lock)}); wait for it, or stop it");
        }
    }

    /// <inheritdoc />
    public void Dispose()
    {
        File.Delete(_path);
        _file.Dispose();
    }

    private static string Holder(string path)
    {
        try
        {
            using var file = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite);
            using var reader = new StreamReader(file);
            return reader.ReadToEnd() is [_, ..] text && text.Split(' ') is [var verb, var id] ? $"{verb}, process {id}" : "unknown";
        }
        catch (IOException)
        {
            return "unknown";
        }
    }
}
