namespace Dpf.Provisioning.Flavors;

/// <summary>Texts of files on a DPU.</summary>
internal static class DpuFiles
{
    /// <summary>The bridge over which the DPU talks to its cluster: the representor of the host's first VF.</summary>
    public const string ManagementBridge =
        """
        network:
          version: 2
          renderer: networkd
          ethernets:
            pf0vf0:
              optional: true
          bridges:
            br-comm-ch:
              interfaces: [pf0vf0]
              optional: true
              dhcp4: yes

        """;

    /// <summary>The port of the BMC's network stays silent; the host reaches the DPU over its rshim.</summary>
    public const string OutOfBand =
        """
        network:
          version: 2
          renderer: networkd
          ethernets:
            oob_net0:
              dhcp4: false
              optional: true
            tmfifo_net0:
              addresses: [192.168.100.2/30]
              dhcp4: false
              optional: true

        """;

    /// <summary>What pods need of the kernel.</summary>
    public const string Forwarding =
        """
        net.ipv4.ip_forward=1
        net.bridge.bridge-nf-call-iptables=1
        net.bridge.bridge-nf-call-ip6tables=1

        """;

    /// <summary>How the kubelet finds what kubeadm leaves.</summary>
    public const string KubeletDropIn =
        """
        [Service]
        Environment="KUBELET_KUBECONFIG_ARGS=--bootstrap-kubeconfig=/etc/kubernetes/bootstrap-kubelet.conf --kubeconfig=/etc/kubernetes/kubelet.conf"
        Environment="KUBELET_CONFIG_ARGS=--config=/var/lib/kubelet/config.yaml"
        EnvironmentFile=-/var/lib/kubelet/kubeadm-flags.env
        EnvironmentFile=-/etc/default/kubelet
        ExecStart=
        ExecStart=/usr/bin/kubelet $KUBELET_KUBECONFIG_ARGS $KUBELET_CONFIG_ARGS $KUBELET_KUBEADM_ARGS $KUBELET_EXTRA_ARGS

        """;

    /// <summary>Joins the DPU to its cluster.</summary>
    public const string JoinUnit =
        """
        [Unit]
        Description=Join the cluster of DPUs
        Wants=network-online.target
        After=network-online.target containerd.service

        [Service]
        Type=simple
        ExecStart=/opt/dpf/join_k8s_cluster.sh

        [Install]
        WantedBy=multi-user.target

        """;

    /// <summary>Makes the scalable functions before pods may want them.</summary>
    public const string BootstrapUnit =
        """
        [Unit]
        Description=Make scalable functions
        Before=kubelet.service

        [Service]
        Type=oneshot
        RemainAfterExit=yes
        ExecStart=/opt/dpf/configure-sfs.sh setup

        [Install]
        WantedBy=multi-user.target

        """;

    /// <summary>The kernel's command line, as a shell assignment that grub reads.</summary>
    public static string KernelCommandLine(IEnumerable<string> parameters)
    {
        var text = string.Join(' ', parameters);
        foreach (var special in "\\\"$`")
        {
            text = text.Replace(special.ToString(), "\\" + special, StringComparison.Ordinal);
        }

        return $"GRUB_CMDLINE_LINUX=\"{text}\"\n";
    }
}
