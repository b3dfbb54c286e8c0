using System.Globalization;

namespace Dpf.Lab.Kubelet.Containers;

/// <summary>The capabilities of Linux by name (capabilities(7)).</summary>
internal static class LinuxCapabilities
{
    // In the order of their numbers (linux/capability.h).
    private static readonly string[] Names =
    [
        "CHOWN", "DAC_OVERRIDE", "DAC_READ_SEARCH", "FOWNER", "FSETID", "KILL", "SETGID", "SETUID", "SETPCAP", "LINUX_IMMUTABLE",
        "NET_BIND_SERVICE", "NET_BROADCAST", "NET_ADMIN", "NET_RAW", "IPC_LOCK", "IPC_OWNER", "SYS_MODULE", "SYS_RAWIO", "SYS_CHROOT",
        "SYS_PTRACE", "SYS_PACCT", "SYS_ADMIN", "SYS_BOOT", "SYS_NICE", "SYS_RESOURCE", "SYS_TIME", "SYS_TTY_CONFIG", "MKNOD", "LEASE",
        "AUDIT_WRITE", "AUDIT_CONTROL", "SETFCAP", "MAC_OVERRIDE", "MAC_ADMIN", "SYSLOG", "WAKE_ALARM", "BLOCK_SUSPEND", "AUDIT_READ",
        "PERFMON", "BPF", "CHECKPOINT_RESTORE",
    ];

    /// <summary>All of them.</summary>
    public static IReadOnlyList<string> All { get; } = [.. Names.Select(Full)];

    /// <summary>Those that this process may pass on: even root lacks some in many a virtual machine.</summary>
    public static IReadOnlyList<string> Held { get; } = Of(File.ReadLines("/proc/self/status"));

    /// <summary>A name with its prefix.</summary>
    public static string Full(string name) => name.StartsWith("CAP_", StringComparison.Ordinal) ? name : "CAP_" + name;

    /// <summary>The bounding set in the lines of <c>/proc/PID/status</c> (proc(5)); without such a line all.</summary>
    public static IReadOnlyList<string> Of(IEnumerable<string> status)
    {
        const string Line = "CapBnd:";
        var mask = status.FirstOrDefault(l => l.StartsWith(Line, StringComparison.Ordinal)) is { } text
            ? ulong.Parse(text[Line.Length..].Trim(), NumberStyles.HexNumber, CultureInfo.InvariantCulture)
            : ulong.MaxValue;
        return [.. All.Where((_, number) => (mask >> number & 1) == 1)];
    }
}
