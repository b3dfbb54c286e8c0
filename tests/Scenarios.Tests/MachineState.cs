namespace Dpf.Scenarios.Tests;

/// <summary>What a lab could leave on the machine that it ran on.</summary>
internal static class MachineState
{
    /// <summary>Everything that a lab could leave, as lines.</summary>
    /// <param name="lab">The lab whose processes to look for.</param>
    public static async Task<IReadOnlyList<string>> LinesAsync(LabHost lab)
    {
        var outcome = await Shell.RunAsync(
            $$"""
            for link in /sys/class/net/*; do echo "interface ${link##*/}"; done
            ip -4 route show | sed 's/^/route /'
            grep -v ' /proc/sys/fs/binfmt_misc ' /proc/self/mountinfo | awk '{print "mount " $5}' | sort
            for environ in /proc/[0-9]*/environ; do
              if grep -qzx 'DPF_LAB={{lab.State}}' "$environ" 2>/dev/null; then echo "process $(tr '\0' ' ' <"${environ%environ}cmdline")"; fi
            done
            ls -d {{lab.State}}* /var/lib/dpf* /run/netns/* /run/openvswitch /run/ovn /etc/cni/net.d/* /opt/cni/bin/ovn* /tmp/.dpf-lab* \
              /sys/fs/cgroup/dpf/*/ /sys/fs/cgroup/*/dpf/*/ 2>/dev/null | sed 's/^/file /'
            """,
            lab.Environment, TimeSpan.FromSeconds(30));
        return outcome.Output.Split('\n', StringSplitOptions.RemoveEmptyEntries);
    }
}
