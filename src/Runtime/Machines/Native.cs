using System.Runtime.InteropServices;

namespace Dpf.Runtime.Machines;

/// <summary>Calls of the operating system that the base library does not have.</summary>
internal static partial class Native
{
    [LibraryImport("libc", EntryPoint = "kill", SetLastError = true)]
    public static partial int Kill(int process, int signal);
}
