using System.Globalization;
using System.Text;

namespace Dpf.Lab.Machines;

/// <summary>Removes what is left of a lab, even of one whose daemon was killed.</summary>
public static class LabCleanup
{
    /// <summary>Ends every process that carries the lab's mark and removes its state folder.</summary>
    /// <param name="stateRoot">The state folder.</param>
    /// <param name="cancellation">Gives up.</param>
    /// <exception cref="IOException">Something holds the folder.</exception>
    public static async Task RunAsync(string stateRoot, CancellationToken cancellation)
    {
        // First processes first: the kernel ends all that is in their namespaces.
        for (var attempt = 0; attempt < 100; attempt++)
        {
            var left = Marked(stateRoot);
            if (left.Count == 0)
            {
                break;
            }

            foreach (var id in left)
            {
                Kill(id);
            }

            await Task.Delay(TimeSpan.FromMilliseconds(20), TimeProvider.System, cancellation);
        }

        RemoveControlGroups();
        await Fabric.LabNetwork.DisconnectUserAsync(stateRoot, cancellation);
        for (var attempt = 0; Directory.Exists(stateRoot); attempt++)
        {
            try
            {
                Directory.Delete(stateRoot, recursive: true);
            }
            catch (IOException) when (attempt < 50)
            {
                // The kernel takes a moment to undo the mounts of a machine that ended.
                await Task.Delay(TimeSpan.FromMilliseconds(50), TimeProvider.System, cancellation);
            }
        }
    }

    // Those of containers whose machine ended before they did; one that a process is in cannot be removed.
    private static void RemoveControlGroups()
    {
        const string root = "/sys/fs/cgroup";
        foreach (var ours in new[] { root }.Concat(Directory.Exists(root) ? Directory.GetDirectories(root) : []).Select(h => h + Machine.ControlGroups).Where(Directory.Exists))
        {
            foreach (var group in Directory.GetDirectories(ours).Append(ours))
            {
                try
                {
                    Directory.Delete(group);
                }
                catch (Exception e) when (e is IOException or UnauthorizedAccessException)
                {
                    // Another lab's.
                }
            }
        }
    }

    private static List<int> Marked(string stateRoot)
    {
        var mark = $"{Machine.Marker}={stateRoot}";
        var own = Environment.ProcessId;
        var found = new List<int>();
        foreach (var folder in Directory.EnumerateDirectories("/proc"))
        {
            if (int.TryParse(Path.GetFileName(folder), CultureInfo.InvariantCulture, out var id) && id != own && Environ(folder).Contains(mark))
            {
                found.Add(id);
            }
        }

        return found;
    }

    private static string[] Environ(string folder)
    {
        try
        {
            return Encoding.UTF8.GetString(File.ReadAllBytes(folder + "/environ")).Split('\0');
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return [];
        }
    }

    private static void Kill(int id)
    {
        try
        {
            using var process = System.Diagnostics.Process.GetProcessById(id);
            process.Kill();
        }
        catch (Exception e) when (e is ArgumentException or InvalidOperationException or System.ComponentModel.Win32Exception)
        {
            // It ended by itself.
        }
    }
}
