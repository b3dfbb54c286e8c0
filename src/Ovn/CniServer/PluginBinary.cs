using Dpf.Runtime.Hosting;
using Dpf.Runtime.Machines;

namespace Dpf.Ovn.CniServer;

/// <summary>Puts the CNI plugin where container runtimes look for it.</summary>
internal static class PluginBinary
{
    /// <summary>The plugin's name.</summary>
    public const string Name = "ovn-k8s-cni-overlay";

    private const UnixFileMode Executable =
        UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute | UnixFileMode.GroupRead |
        UnixFileMode.GroupExecute | UnixFileMode.OtherRead | UnixFileMode.OtherExecute;

    /// <summary>Installs the binary that <c>DPF_CNI_PLUGIN</c> names, or the one beside the running program.</summary>
    /// <exception cref="FileNotFoundException">There is none.</exception>
    public static void Install(IMachine machine, ComponentContext context)
    {
        var source = context.Variable("DPF_CNI_PLUGIN") ?? Environment.GetEnvironmentVariable("DPF_CNI_PLUGIN") ??
            System.IO.Path.Combine(AppContext.BaseDirectory, Name);
        var target = machine.Path("/opt/cni/bin/" + Name);
        if (!File.Exists(source))
        {
            throw new FileNotFoundException(
                $"the CNI plugin is not at {source}; publish src/Cni and set DPF_CNI_PLUGIN to the result", source);
        }

        Directory.CreateDirectory(System.IO.Path.GetDirectoryName(target)!);
        File.Copy(source, target + ".tmp", overwrite: true);
        File.SetUnixFileMode(target + ".tmp", Executable);

        // Replaced, not overwritten: the old one may be running.
        File.Move(target + ".tmp", target, overwrite: true);
    }
}
