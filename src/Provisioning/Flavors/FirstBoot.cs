namespace Dpf.Provisioning.Flavors;

/// <summary>What a DPU's first boot writes and runs.</summary>
internal static class FirstBoot
{
    private const string Private = "0600";
    private const string Public = "0644";
    private const string Program = "0755";
    private const string SysctlFile = "/etc/sysctl.d/99-dpf.conf";

    /// <summary>The files, in order: the flavor's own come last but for scripts that use them.</summary>
    public static IEnumerable<CloudFile> Files(BfCfgFacts facts)
    {
        var flavor = facts.Flavor;
        yield return new("/etc/netplan/60-mlnx.yaml", Private, "");
        yield return new("/etc/netplan/99-dpf-comm-ch.yaml", Private, DpuFiles.ManagementBridge);
        yield return new("/etc/netplan/98-oob-tmfifo.yaml", Private, DpuFiles.OutOfBand);
        yield return new("/etc/modules-load.d/br_netfilter.conf", Public, "br_netfilter\n");
        yield return new("/etc/sysctl.conf", Public, DpuFiles.Forwarding, IsAppended: true);
        yield return new("/opt/dpf/configure-sfs.sh", Program, DpuScripts.ScalableFunctions(FlavorParameters.NumberOfSfs(flavor)));
        yield return new("/etc/systemd/system/kubelet.service.d/10-bf.conf", Public, DpuFiles.KubeletDropIn);
        yield return new("/opt/dpf/join_k8s_cluster.sh", "0700", DpuScripts.Join(facts.JoinCommand));
        yield return new("/etc/systemd/system/kubeadm-join.service", Public, DpuFiles.JoinUnit);
        yield return new("/etc/systemd/system/bootstrap-dpf.service", Public, DpuFiles.BootstrapUnit);
        yield return new("/etc/systemd/resolved.conf.d/01-dpf.conf", Public, "[Resolve]\nDNSStubListener=no\n");
        yield return new("/etc/NetworkManager/conf.d/90-dpf.conf", Public, "[main]\ndns=none\n");
        yield return new("/opt/dpf/cleanup-dns.sh", Program, DpuScripts.CleanUpDns);
        yield return new("/opt/dpf/remove-90-kubelet-bluefield.sh", Program, DpuScripts.RemoveVendorKubelet);
        if (FlavorParameters.Firmware(flavor) is { Count: > 0 } firmware)
        {
            yield return new("/opt/dpf/set-nvconfig-params.sh", Program, DpuScripts.Firmware(firmware));
        }

        if (flavor.Sysctl?.Parameters is { Count: > 0 } sysctl)
        {
            yield return new(SysctlFile, Public, string.Concat(sysctl.Select(p => p + "\n")));
        }

        if (flavor.Grub?.KernelParameters is { Count: > 0 } kernel)
        {
            yield return new("/etc/default/grub.d/99-dpf.cfg", Public, DpuFiles.KernelCommandLine(kernel));
        }

        foreach (var file in (flavor.ConfigFiles ?? []).Where(f => !string.IsNullOrEmpty(f.Path)))
        {
            yield return new(file.Path!, Mode(file.Permissions), file.Raw ?? "", file.Operation == "append");
        }

        if (flavor.Ovs?.RawConfigScript is { Length: > 0 } script)
        {
            yield return new("/opt/dpf/ovs.sh", Program, "#!/bin/bash\nset -e\n" + script);
        }

        if (flavor.ContainerdConfig?.RegistryEndpoint is { Length: > 0 } mirror)
        {
            yield return new("/opt/dpf/config_containerd.sh", Program, DpuScripts.RegistryMirror(mirror));
        }

        if (Restarts(facts))
        {
            yield return new("/opt/dpf/restart.sh", Program, DpuScripts.Restart(facts.RebootsItself));
        }
    }

    /// <summary>The commands, in order.</summary>
    public static IEnumerable<IReadOnlyList<string>> Commands(BfCfgFacts facts)
    {
        var flavor = facts.Flavor;
        yield return ["hostnamectl", "set-hostname", facts.DpuName];
        yield return ["modprobe", "br_netfilter"];
        yield return ["sysctl", "-p"];
        if (flavor.Sysctl?.Parameters is { Count: > 0 })
        {
            yield return ["sysctl", "-p", SysctlFile];
        }

        yield return ["systemctl", "stop", "kubelet"];
        yield return ["/opt/dpf/remove-90-kubelet-bluefield.sh"];
        yield return ["/opt/dpf/cleanup-dns.sh"];
        yield return ["systemctl", "daemon-reload"];
        yield return ["systemctl", "enable", "containerd"];
        yield return ["systemctl", "start", "containerd"];
        yield return ["systemctl", "enable", "bootstrap-dpf.service"];
        yield return ["systemctl", "enable", "kubeadm-join.service"];
        yield return ["systemctl", "enable", "mlnx_bf_configure_sync.service"];
        if (FlavorParameters.Firmware(flavor).Count > 0)
        {
            yield return ["/opt/dpf/set-nvconfig-params.sh"];
        }

        if (flavor.Ovs?.RawConfigScript is { Length: > 0 })
        {
            yield return ["/opt/dpf/ovs.sh"];
        }

        if (flavor.ContainerdConfig?.RegistryEndpoint is { Length: > 0 })
        {
            yield return ["/opt/dpf/config_containerd.sh"];
            yield return ["systemctl", "restart", "containerd"];
        }

        if (Restarts(facts))
        {
            yield return ["/opt/dpf/restart.sh"];
        }

        // Where nothing restarts the DPU it joins in this boot; otherwise the bridge it waits for comes after the restart.
        yield return ["systemctl", "start", "--no-block", "kubeadm-join.service"];
    }

    private static bool Restarts(BfCfgFacts facts) =>
        facts.RebootsItself || facts.Flavor.Grub?.KernelParameters is { Count: > 0 } || facts.Flavor.Sysctl?.Parameters is { Count: > 0 };

    private static string Mode(string? permissions)
    {
        var digits = (permissions ?? "").Trim().TrimStart('0');
        return digits.Length is > 0 and <= 4 && digits.All(c => c is >= '0' and <= '7')
            ? digits.PadLeft(4, '0')
            : Public;
    }
}
