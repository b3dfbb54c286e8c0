using Dpf.Lab.Fabric;
using Dpf.Lab.Machines;
using Dpf.Runtime.Machines;

namespace Dpf.Lab.Topologies;

/// <summary>
/// The control-plane node's machine, prepared as the guide asks: Open vSwitch, and the out-of-band NIC in a bridge of it that
/// carries the address and is the node's uplink for OVN-Kubernetes.
/// </summary>
internal static class ControlPlaneMachine
{
    public const string Name = "cp1";

    public static async Task<Machine> StartAsync(string state, LabNetwork network, CancellationToken cancellation)
    {
        var machine = await Machine.StartAsync(state, Name, cancellation);
        await network.ConnectManagementAsync(machine, "eno1", Macs.Management(1), cancellation);
        await machine.ExecuteAsync(
            cancellation, "bash", "-ec",
            $"""
            mkdir -p /run/openvswitch /run/ovn /var/log/openvswitch
            /usr/share/openvswitch/scripts/ovs-ctl start --system-id=random >/var/log/openvswitch/start.log 2>&1
            ovs-vsctl --may-exist add-br br-eno1 -- set bridge br-eno1 datapath_type=netdev other_config:hwaddr='"{Macs.Management(1)}"' \
              -- br-set-external-id br-eno1 bridge-id br-eno1 -- br-set-external-id br-eno1 bridge-uplink eno1 \
              -- --may-exist add-port br-eno1 eno1
            ip addr add {LabAddresses.ControlPlane}/24 dev br-eno1
            ip link set br-eno1 up
            ip route add default via {LabAddresses.Router} dev br-eno1
            """);
        if (network.IsDual)
        {
            await machine.ExecuteAsync(
                cancellation, "bash", "-ec",
                $"""
                sysctl -qw net.ipv6.conf.br-eno1.disable_ipv6=0
                ip addr add {LabAddresses.ControlPlaneSix}/64 dev br-eno1 nodad
                ip route add default via {LabAddresses.RouterSix} dev br-eno1
                """);
        }

        await SwitchPorts.HideAsync(machine, ["eno1"], cancellation);
        return machine;
    }
}
