using System.Text;

namespace Dpf.Runtime.Machines;

/// <summary>
/// Files that hold a state, or that others read: whole or as they were before, also when the process is killed or the power goes. Until
/// then the content is in a file with the suffix <c>.new</c>, which runtimes do not take for a network's configuration.
/// </summary>
public static class WholeFile
{
    /// <summary>Puts <paramref name="text"/> in the place of what the file says; its folder is made.</summary>
    /// <exception cref="IOException">The disk refused; the file is as it was.</exception>
    public static void Write(string path, string text)
    {
        Directory.CreateDirectory(Path.GetDirectoryName(path)!);
        using (var fresh = new FileStream(path + ".new", FileMode.Create, FileAccess.Write))
        {
            fresh.Write(Encoding.UTF8.GetBytes(text));

            // A name that reaches the disk before the content is an empty file after a power cut.
            fresh.Flush(flushToDisk: true);
        }

        File.Move(path + ".new", path, overwrite: true);
    }
}
