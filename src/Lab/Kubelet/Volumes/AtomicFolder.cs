using System.ComponentModel;
using System.Globalization;
using System.Runtime.InteropServices;

namespace Dpf.Lab.Kubelet.Volumes;

/// <summary>A file of a volume that the kubelet writes.</summary>
/// <param name="Content">Its content.</param>
/// <param name="Mode">Its permissions.</param>
internal sealed record VolumeFile(byte[] Content, int Mode);

/// <summary>
/// A folder whose files change all at once: each names a file of <c>..data</c>, a link to the current version.
/// </summary>
internal static class AtomicFolder
{
    /// <summary>Makes a folder contain exactly these files (by relative path).</summary>
    public static void Write(string folder, IReadOnlyDictionary<string, VolumeFile> files)
    {
        Directory.CreateDirectory(folder);
        var data = Path.Combine(folder, "..data");
        var before = new FileInfo(data).LinkTarget;
        if (before is not null && IsSame(Path.Combine(folder, before), files))
        {
            return;
        }

        var number = before is null ? 0 : int.Parse(before.AsSpan(2), CultureInfo.InvariantCulture);
        var version = ".." + (number + 1).ToString(CultureInfo.InvariantCulture);
        var versionFolder = Path.Combine(folder, version);
        Directory.CreateDirectory(versionFolder);
        foreach (var (name, file) in files)
        {
            var path = Path.Combine(versionFolder, name);
            Directory.CreateDirectory(Path.GetDirectoryName(path)!);
            using var stream = new FileStream(path, new FileStreamOptions
            {
                Mode = FileMode.Create,
                Access = FileAccess.Write,
                UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite,
            });
            stream.Write(file.Content);
            File.SetUnixFileMode(stream.SafeFileHandle, (UnixFileMode)(file.Mode & 0x1FF));
        }

        var next = Path.Combine(folder, "..data_tmp");
        File.Delete(next);
        File.CreateSymbolicLink(next, version);
        Rename(next, data);
        var wanted = files.Keys.Select(f => f.Split('/')[0]).ToHashSet(StringComparer.Ordinal);
        foreach (var name in wanted.Where(name => new FileInfo(Path.Combine(folder, name)).LinkTarget is null))
        {
            File.CreateSymbolicLink(Path.Combine(folder, name), "..data/" + name);
        }

        foreach (var link in Directory.EnumerateFileSystemEntries(folder).Where(e => !Path.GetFileName(e).StartsWith("..", StringComparison.Ordinal)))
        {
            if (!wanted.Contains(Path.GetFileName(link)))
            {
                File.Delete(link);
            }
        }

        if (before is not null)
        {
            Directory.Delete(Path.Combine(folder, before), recursive: true);
        }
    }

    private static bool IsSame(string folder, IReadOnlyDictionary<string, VolumeFile> files)
    {
        if (!Directory.Exists(folder))
        {
            return false;
        }

        var there = Directory.EnumerateFiles(folder, "*", SearchOption.AllDirectories).Select(f => Path.GetRelativePath(folder, f)).ToList();
        return there.Count == files.Count && there.All(name =>
            files.TryGetValue(name, out var file) && File.ReadAllBytes(Path.Combine(folder, name)).AsSpan().SequenceEqual(file.Content));
    }

    private static void Rename(string from, string to)
    {
        if (RenameNative(from, to) != 0)
        {
            throw new IOException($"{to}: cannot be replaced: {new Win32Exception(Marshal.GetLastPInvokeError()).Message}");
        }
    }

    // File.Move refuses a link to a folder.
    [DllImport("libc", EntryPoint = "rename", SetLastError = true)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static extern int RenameNative(
        [MarshalAs(UnmanagedType.LPUTF8Str)] string from, [MarshalAs(UnmanagedType.LPUTF8Str)] string to);
}
