using System.Globalization;
using System.Text.Json;

namespace Dpf.Provisioning.Flavors;

/// <summary>Scripts on a DPU. Each may run again after it was interrupted.</summary>
internal static class DpuScripts
{
    /// <summary>DNS goes to the servers that DHCP names, not to a stub on the DPU, which pods could not reach.</summary>
    public const string CleanUpDns =
        """
        #!/bin/bash
        if [ ! -L /etc/resolv.conf ] || [ "$(readlink /etc/resolv.conf)" != /var/run/systemd/resolve/resolv.conf ]; then
          cp -L /etc/resolv.conf /etc/resolv.conf.dpf-backup 2>/dev/null
          ln -sf /var/run/systemd/resolve/resolv.conf /etc/resolv.conf
        fi
        systemctl mask dnsmasq

        """;

    /// <summary>The boot image's own kubelet settings would win over kubeadm's.</summary>
    public const string RemoveVendorKubelet =
        """
        #!/bin/bash
        file=/usr/lib/systemd/system/kubelet.service.d/90-kubelet-bluefield.conf
        if [ -f "$file" ]; then
          cp "$file" /opt/dpf/90-kubelet-bluefield.conf.backup
          rm "$file"
        fi

        """;

    /// <summary>Makes scalable functions on the first port.</summary>
    public static string ScalableFunctions(int count) => string.Create(
        CultureInfo.InvariantCulture,
        $"""
        #!/bin/bash
        [ "$1" = setup ] || exit 0
        for ((i = 0; i < {count}; i++)); do
          /sbin/mlnx-sf --action create --device 0000:03:00.0 --sfnum "$i" || true
        done

        """);

    /// <summary>Joins once the management bridge has an address, for as long as it takes.</summary>
    public static string Join(string command) =>
        $"""
        #!/bin/bash
        joined=/opt/dpf/joined_cluster_successfully
        until ip -4 -o address show dev br-comm-ch scope global 2>/dev/null | grep -q inet; do
          sleep 1
        done
        systemctl enable kubelet
        [ -e "$joined" ] && exit 0
        until {command}; do
          rm -f /etc/kubernetes/pki/ca.crt /etc/kubernetes/bootstrap-kubelet.conf
          sleep 5
        done
        touch "$joined"

        """;

    /// <summary>Sets firmware parameters on every device of the DPU.</summary>
    public static string Firmware(IEnumerable<string> parameters) =>
        $"""
        #!/bin/bash
        mst start >/dev/null 2>&1
        for device in /dev/mst/*; do
          [ -e "$device" ] || continue
          mlxconfig -d "$device" -y set {string.Join(' ', parameters.Select(Quoting.ShellWord))}
        done

        """;

    /// <summary>Pulls images of nvcr.io from a mirror, whose certificate has to be good as any other's.</summary>
    public static string RegistryMirror(string endpoint) =>
        "#!/bin/bash\nset -e\n" +
        """
        config=/etc/containerd/config.toml
        plugin=io.containerd.grpc.v1.cri
        case "$(containerd --version | tr ' ' '\n' | grep -E '^v?[0-9]+\.[0-9]+' | head -n 1)" in
          v2.*|2.*) plugin=io.containerd.cri.v1.images ;;
        esac
        grep -q 'registry.mirrors."nvcr.io"' "$config" 2>/dev/null && exit 0

        """ +
        "printf '\\n[plugins.\"%s\".registry.mirrors.\"nvcr.io\"]\\n  endpoint = [%s]\\n' \"$plugin\" " +
        Quoting.ShellWord(JsonSerializer.Serialize(endpoint)) + " >> \"$config\"\n";

    /// <summary>Makes the kernel's new command line count from the next boot on.</summary>
    public static string Restart(bool reboots) => "#!/bin/bash\nupdate-grub\n" + (reboots ? "reboot\n" : "");
}
