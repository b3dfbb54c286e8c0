using System.Text.Json.Nodes;
using Dpf.Lab.Machines;
using k8s.Models;

namespace Dpf.Lab.Kubelet.Containers;

/// <summary>The configuration of a container for runc (OCI runtime specification); pure.</summary>
internal static class RuncConfig
{
    private static readonly string[] DefaultCapabilities =
    [
        "CAP_CHOWN", "CAP_DAC_OVERRIDE", "CAP_FSETID", "CAP_FOWNER", "CAP_MKNOD", "CAP_NET_RAW", "CAP_SETGID", "CAP_SETUID",
        "CAP_SETFCAP", "CAP_SETPCAP", "CAP_NET_BIND_SERVICE", "CAP_SYS_CHROOT", "CAP_KILL", "CAP_AUDIT_WRITE",
    ];

    /// <summary>Builds <c>config.json</c>.</summary>
    /// <param name="plan">The container.</param>
    /// <param name="files">Files that the kubelet makes for the container: target → path on the machine.</param>
    /// <param name="held">The capabilities that there are to give.</param>
    public static JsonObject Build(ContainerPlan plan, IReadOnlyDictionary<string, string> files, IReadOnlyList<string> held)
    {
        var spec = plan.Pod.Spec;
        var security = plan.Container.SecurityContext;
        var privileged = security?.Privileged == true;
        var capabilities = Capabilities(security).Intersect(held).ToList();
        return new JsonObject
        {
            ["ociVersion"] = "1.0.2",
            ["hostname"] = spec.HostNetwork == true ? null : plan.Pod.Metadata.Name,
            ["root"] = new JsonObject { ["path"] = "rootfs", ["readonly"] = security?.ReadOnlyRootFilesystem == true },
            ["process"] = new JsonObject
            {
                ["terminal"] = false,
                ["user"] = new JsonObject
                {
                    ["uid"] = security?.RunAsUser ?? spec.SecurityContext?.RunAsUser ?? 0,
                    ["gid"] = security?.RunAsGroup ?? spec.SecurityContext?.RunAsGroup ?? 0,
                },
                ["args"] = Texts(plan.Arguments),
                ["env"] = Texts(plan.Environment.Select(e => $"{e.Key}={e.Value}")),
                ["cwd"] = plan.Container.WorkingDir is { Length: > 0 } folder ? folder : "/",
                ["capabilities"] = new JsonObject
                {
                    ["bounding"] = Texts(capabilities), ["effective"] = Texts(capabilities), ["permitted"] = Texts(capabilities),
                },
                ["noNewPrivileges"] = security?.AllowPrivilegeEscalation == false,
            },
            ["mounts"] = Mounts(plan, files, privileged),
            ["linux"] = new JsonObject
            {
                ["namespaces"] = Namespaces(plan),
                ["cgroupsPath"] = $"{Machine.ControlGroups}/{plan.Id}",
                ["resources"] = Resources(plan.Container.Resources?.Limits ?? new Dictionary<string, ResourceQuantity>()),
                ["devices"] = new JsonArray(),
            },
        };
    }

    /// <summary>The capabilities that a security context leaves.</summary>
    public static IReadOnlyList<string> Capabilities(V1SecurityContext? security)
    {
        if (security?.Privileged == true)
        {
            return LinuxCapabilities.All;
        }

        var dropped = (security?.Capabilities?.Drop ?? []).Select(LinuxCapabilities.Full).ToHashSet(StringComparer.Ordinal);
        var added = (security?.Capabilities?.Add ?? []).Select(LinuxCapabilities.Full).ToList();
        IEnumerable<string> kept = dropped.Contains("CAP_ALL") ? [] : DefaultCapabilities.Except(dropped);
        return [.. kept.Concat(added.Contains("CAP_ALL") ? LinuxCapabilities.All : added).Distinct(StringComparer.Ordinal)];
    }

    // As a kubelet has it: memory in bytes, processor time as a share of each tenth of a second.
    private static JsonObject Resources(IDictionary<string, ResourceQuantity> limits)
    {
        const int period = 100_000;
        var resources = new JsonObject { ["devices"] = new JsonArray(new JsonObject { ["allow"] = true, ["access"] = "rwm" }) };
        if (limits.TryGetValue("memory", out var memory))
        {
            resources["memory"] = new JsonObject { ["limit"] = (long)memory.ToDecimal() };
        }

        if (limits.TryGetValue("cpu", out var processors))
        {
            resources["cpu"] = new JsonObject { ["period"] = period, ["quota"] = Math.Max(1000, (long)(processors.ToDecimal() * period)) };
        }

        return resources;
    }

    private static JsonArray Namespaces(ContainerPlan plan)
    {
        var spec = plan.Pod.Spec;
        JsonArray namespaces = [new JsonObject { ["type"] = "mount" }];
        if (spec.HostPID != true)
        {
            namespaces.Add(new JsonObject { ["type"] = "pid" });
        }

        if (spec.HostIPC != true)
        {
            namespaces.Add(new JsonObject { ["type"] = "ipc" });
        }

        if (spec.HostNetwork != true)
        {
            namespaces.Add(new JsonObject { ["type"] = "uts" });
        }

        if (plan.NetworkPath is { } path)
        {
            namespaces.Add(new JsonObject { ["type"] = "network", ["path"] = path });
        }

        return namespaces;
    }

    private static JsonArray Mounts(ContainerPlan plan, IReadOnlyDictionary<string, string> files, bool privileged)
    {
        JsonArray mounts =
        [
            Mount("/proc", "proc", "proc", "nosuid", "noexec", "nodev"),
            privileged
                ? Mount("/dev", "bind", "/dev", "rbind", "rslave")
                : Mount("/dev", "tmpfs", "tmpfs", "nosuid", "strictatime", "mode=755", "size=65536k"),
            Mount("/sys", "bind", "/sys", "rbind", "rslave", privileged ? "rw" : "ro"),
            Mount("/run", "tmpfs", "tmpfs", "nosuid", "nodev", "mode=755"),
            Mount("/tmp", "tmpfs", "tmpfs", "nosuid", "nodev", "mode=1777"),
        ];
        if (!privileged)
        {
            mounts.Add(Mount("/dev/pts", "devpts", "devpts", "nosuid", "noexec", "newinstance", "ptmxmode=0666", "mode=0620"));
            mounts.Add(Mount("/dev/shm", "tmpfs", "shm", "nosuid", "noexec", "nodev", "mode=1777", "size=65536k"));
        }

        foreach (var device in plan.Devices)
        {
            mounts.Add(Mount(device.ContainerPath, "bind", device.HostPath, "bind"));
        }

        foreach (var (target, source) in files)
        {
            mounts.Add(Mount(target, "bind", source, "bind"));
        }

        // A mount below another one comes after it.
        foreach (var mount in plan.Mounts.OrderBy(m => m.Target.Length))
        {
            mounts.Add(Mount(Real(mount.Target), "bind", mount.Source, "rbind", mount.SeesLater ? "rslave" : "rprivate", mount.ReadOnly ? "ro" : "rw"));
        }

        return mounts;
    }

    // The root's /var/run is a link to /run, which a mount must not follow out of its tmpfs.
    private static string Real(string target) =>
        target == "/var/run" || target.StartsWith("/var/run/", StringComparison.Ordinal) ? target[4..] : target;

    private static JsonObject Mount(string target, string type, string source, params string[] options) => new()
    {
        ["destination"] = target, ["type"] = type, ["source"] = source, ["options"] = Texts(options),
    };

    private static JsonArray Texts(IEnumerable<string> values) => [.. values.Select(v => (JsonNode?)v)];
}
