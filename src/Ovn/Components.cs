using System.Collections.Frozen;
using Dpf.Ovn.ClusterManager;
using Dpf.Ovn.Dns;
using Dpf.Ovn.Injector;
using Dpf.Ovn.Node;
using Dpf.Ovn.Node.Daemons;
using Dpf.Ovn.Provisioner;
using Dpf.Runtime.Hosting;

namespace Dpf.Ovn;

/// <summary>The components of this project.</summary>
public static class Components
{
    private const string Northbound = "unix:/run/ovn/ovnnb_db.sock";
    private const string Southbound = "unix:/run/ovn/ovnsb_db.sock";

    /// <summary>By the name that a container's command line gives.</summary>
    public static IReadOnlyDictionary<string, IComponent> All { get; } = new Dictionary<string, IComponent>
    {
        ["ovnkube-control-plane"] = new ClusterManagerComponent(),
        ["ovnkube-node"] = new NodeComponent(),
        ["ovn-resource-injector"] = new InjectorComponent(),
        ["cluster-dns"] = new DnsComponent(),
        ["ovn-cni-provisioner"] = new ProvisionerComponent(),
        ["ovn-nb-ovsdb"] = DaemonComponent.Database(
            "ovnnb_db", "ovn-nb", ["ovn-nbctl", "--db=" + Northbound, "--timeout=5", "init"]),
        ["ovn-sb-ovsdb"] = DaemonComponent.Database(
            "ovnsb_db", "ovn-sb", ["ovn-sbctl", "--db=" + Southbound, "--timeout=5", "init"]),
        ["ovn-northd"] = new DaemonComponent(
            Nothing,
            [
                "ovn-northd", "--ovnnb-db=" + Northbound, "--ovnsb-db=" + Southbound, "--pidfile=/run/ovn/ovn-northd.pid",
                "--unixctl=/run/ovn/ovn-northd.ctl", "-vconsole:warn",
            ]),
        ["ovn-controller"] = new DaemonComponent(
            Nothing, ["ovn-controller", "unix:/run/openvswitch/db.sock", "--pidfile=/run/ovn/ovn-controller.pid", "-vconsole:warn"]),
    }.ToFrozenDictionary(StringComparer.Ordinal);

    private static Task Nothing(Dpf.Runtime.Machines.IMachine machine, CancellationToken cancellation) => Task.CompletedTask;
}
