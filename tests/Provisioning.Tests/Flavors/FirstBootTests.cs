using Dpf.Api.Provisioning;
using Dpf.Lab.BlueField;
using Dpf.Lab.Machines;
using Dpf.Provisioning.Flavors;
using Dpf.Provisioning.Tests.World;
using Dpf.Runtime.Clusters;
using Dpf.Runtime.Machines;
using k8s;
using Microsoft.Extensions.Logging.Abstractions;

namespace Dpf.Provisioning.Tests.Flavors;

/// <summary>The shipped flavor on a simulated DPU, which really runs what it is given. Needs root and Open vSwitch.</summary>
public sealed class FirstBootTests
{
    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task ADpuSetsItselfUpAndJoinsWhenItsHostConnectsIt()
    {
        var manifest = await File.ReadAllTextAsync(Path.Combine(ProvisioningWorld.Repository(), "src/Operator/Manifests/dpu-flavor.yaml"), Cancellation);
        var flavor = KubernetesJson.Deserialize<DpuFlavor>(Manifests.Parse(manifest, "dpu-flavor.yaml").Single().ToJsonString());
        var state = Directory.CreateTempSubdirectory("dpf-dpu-").FullName;
        await using (var machine = await Machine.StartAsync(state, "card", Cancellation))
        {
            var system = new DpuSystem(machine, NullLoggerFactory.Instance, TimeProvider.System);
            const string join = "kubeadm join 10.0.110.100:6443 --token abcdef.0123456789abcdef --discovery-token-ca-cert-hash sha256:00ff --v=5";
            await system.InstallAsync(BfCfg.Render(new BfCfgFacts(flavor.Spec, "worker1-0000-03-00", join, false)), Cancellation);
            await system.BootAsync(Cancellation);
            try
            {
                await Eventually.SeeAsync(() => File.Exists(machine.Path("/var/lib/cloud/instance/boot-finished")));
                Assert.Equal("worker1-0000-03-00", (await machine.ExecuteAsync(Cancellation, "hostname")).Trim());
                Assert.Equal("br-ovn\nbr-sfc\n", await machine.ExecuteAsync(Cancellation, "ovs-vsctl", "list-br"));
                Assert.Equal("1", (await machine.ExecuteAsync(Cancellation, "cat", "/proc/sys/net/ipv4/ip_forward")).Trim());
                Assert.Equal("CREATE_OVS_BRIDGES=\"no\"\n", await machine.ExecuteAsync(Cancellation, "cat", "/etc/mellanox/mlnx-ovs.conf"));
                Assert.False(File.Exists(machine.Path("/etc/kubernetes/join")));

                // What the host does by making virtual functions and bridging the first one.
                await machine.ExecuteAsync(
                    Cancellation, "bash", "-ec",
                    "ip link add pf0vf0 type veth peer name host; mkdir -p /sys/class/net/pf0vf0; echo 02:00:00:00:00:01 >/sys/class/net/pf0vf0/address");
                await Eventually.SeeAsync(
                    async () => (await machine.RunAsync(new("ip", "address", "add", "10.9.9.9/24", "dev", "br-comm-ch"), Cancellation)).Succeeded, isDone => isDone);
                await Eventually.SeeAsync(() => File.Exists(machine.Path("/etc/kubernetes/join")));
                Assert.Equal(
                    "endpoint=10.0.110.100:6443\ntoken=abcdef.0123456789abcdef\nhash=sha256:00ff\nnode=worker1-0000-03-00\n",
                    await File.ReadAllTextAsync(machine.Path("/etc/kubernetes/join"), Cancellation));
            }
            finally
            {
                await system.ShutDownAsync();
            }
        }

        await Eventually.SeeAsync(() => TryDelete(state));
    }

    // The kernel takes a moment to undo the mounts of a machine that ended.
    private static bool TryDelete(string folder)
    {
        try
        {
            Directory.Delete(folder, recursive: true);
            return true;
        }
        catch (IOException)
        {
            return false;
        }
    }
}
