using Dpf.Lab.Machines;

namespace Dpf.Lab.BlueField;

/// <summary>
/// Small programs that a DPU's system has and this machine does not: they do what the bf.cfg expects of them on a simulated card.
/// </summary>
internal static class DpuTools
{
    /// <summary>Where <c>systemctl enable</c> writes the units that the next boot starts.</summary>
    public const string EnabledUnits = "/etc/systemd/lab-enabled";

    private static readonly (string Path, string Content)[] Tools =
    [
        // The switch runs no DPDK here: its ports are ordinary devices of the userspace datapath.
        ("/usr/local/sbin/ovs-vsctl", """
            #!/bin/bash
            words=()
            for word in "$@"; do
              case "$word" in
                type=dpdk) word=type=system ;;
                other_config:doca-init=true|other_config:dpdk-init=true) word=other_config:lab-doca-init=true ;;
              esac
              words+=("$word")
            done
            exec /usr/bin/ovs-vsctl "${words[@]}"
            """),
        ("/usr/local/sbin/systemctl", """
            #!/bin/bash
            # Remembers what is enabled; starting and stopping is the boot's business.
            verb=; units=()
            for word in "$@"; do
              case "$word" in
                -*) ;;
                *) if [ -z "$verb" ]; then verb=$word; else units+=("$word"); fi ;;
              esac
            done
            if [ "$verb" = enable ]; then
              mkdir -p /etc/systemd
              printf '%s\n' "${units[@]}" >>/etc/systemd/lab-enabled
            fi
            """),
        // Takes over what the join command says; the node agent makes the rest of it.
        ("/usr/local/sbin/kubeadm", """
            #!/bin/bash
            set -e
            [ "$1" = join ] || { echo "kubeadm $1: only join is known here" >&2; exit 1; }
            endpoint=$2; shift 2
            while [ $# -gt 0 ]; do
              case "$1" in
                --token) token=$2; shift ;;
                --token=*) token=${1#*=} ;;
                --discovery-token-ca-cert-hash) hash=$2; shift ;;
                --discovery-token-ca-cert-hash=*) hash=${1#*=} ;;
              esac
              shift
            done
            mkdir -p /etc/kubernetes
            umask 077
            printf 'endpoint=%s\ntoken=%s\nhash=%s\nnode=%s\n' "$endpoint" "$token" "$hash" "$(hostname)" >/etc/kubernetes/join.tmp
            rm -f /etc/kubernetes/join.error
            mv /etc/kubernetes/join.tmp /etc/kubernetes/join
            for i in $(seq 3000); do
              [ -e /etc/kubernetes/kubelet.conf ] && exit 0
              [ -e /etc/kubernetes/join.error ] && { cat /etc/kubernetes/join.error >&2; exit 1; }
              sleep 0.1
            done
            echo "kubeadm: no answer from $endpoint" >&2
            exit 1
            """),
        ("/usr/local/sbin/mst", "#!/bin/sh\n[ \"$1\" != start ] || { mkdir -p /dev/mst && touch /dev/mst/mt41692_pciconf0; }\n"),
        ("/usr/local/sbin/mlxconfig", $$"""
            #!/bin/bash
            # mlxconfig [-d DEVICE] [-y] set NAME=VALUE… | query: settings for the card's next reset.
            next={{CardFirmware.NextBoot}}
            while [ $# -gt 0 ]; do
              case "$1" in
                -d|--dev) shift ;;
                q|query) cat "$next" 2>/dev/null; exit 0 ;;
                s|set) shift; break ;;
              esac
              shift
            done
            for setting in "$@"; do
              [[ $setting =~ ^[A-Z0-9_]+=[A-Za-z0-9_]+$ ]] || { echo "-E- $setting is not NAME=VALUE" >&2; exit 3; }
            done
            mkdir -p "${next%/*}"
            printf '%s\n' "$@" >>"$next"
            """),
        ("/usr/local/sbin/mlnx-sf", "#!/bin/sh\nexit 0\n"),
        ("/usr/local/sbin/update-grub", "#!/bin/sh\nexit 0\n"),
        ("/usr/local/sbin/modprobe", "#!/bin/sh\nexit 0\n"),
        ("/sbin/mlnx-sf", "#!/bin/sh\nexit 0\n"),
        ("/usr/local/sbin/hostnamectl", "#!/bin/sh\nfor word in \"$@\"; do name=$word; done\necho \"$name\" >/etc/hostname.dpu; hostname \"$name\"\n"),
        ("/usr/local/sbin/reboot", "#!/bin/sh\nexit 0\n"),
        ("/opt/mellanox/sfc-hbn/mlnx_bf_configure_sync.service", "[Service]\nType=oneshot\nExecStart=/bin/true\n"),
    ];

    /// <summary>Puts the tools in place.</summary>
    public static void Install(Machine machine)
    {
        foreach (var (path, content) in Tools)
        {
            var here = machine.Path(path);
            Directory.CreateDirectory(Path.GetDirectoryName(here)!);
            File.WriteAllText(here, content.EndsWith('\n') ? content : content + "\n");
            File.SetUnixFileMode(
                here, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute | UnixFileMode.GroupRead | UnixFileMode.GroupExecute |
                UnixFileMode.OtherRead | UnixFileMode.OtherExecute);
        }
    }
}
