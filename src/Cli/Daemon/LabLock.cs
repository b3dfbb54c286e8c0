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
        var file = new FileStream(paths.Lock, FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.ReadWrite);
        try
        {
            // A lock on a record, so that others can still read who holds it.
            file.Lock(0, 1);
        }
        catch (IOException)
        {
            using var reader = new StreamReader(file);
            var holder = reader.ReadToEnd().Split(' ') is [var does, var id] ? $"{does}, process {id}" : "unknown";
            throw new Commands.UserErrorException($"another dpf is at work on this lab ({holder}); wait for it, or stop it");
        }

        file.SetLength(0);
        file.Write(System.Text.Encoding.UTF8.GetBytes($"{verb} {Environment.ProcessId}"));
        file.Flush();
        return new LabLock(file, paths.Lock);
    }

    /// <inheritdoc />
    public void Dispose()
    {
        File.Delete(_path);
        _file.Dispose();
    }
}
