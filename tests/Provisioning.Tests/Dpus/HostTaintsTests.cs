using System.Text.Json.Nodes;
using Dpf.Provisioning.Dpus;
using Dpf.Provisioning.Tests.World;
using k8s.Models;

namespace Dpf.Provisioning.Tests.Dpus;

/// <summary>Taints of provisioning's own on a host are no obstacle for the pods that provision its DPUs.</summary>
public sealed class HostTaintsTests
{
    private const string Dpu = "worker1-0000-03-00";

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task APodThatNoNodeTakesIsMadeAnewForTheTaintsThatItsHostHasNow()
    {
        await using var world = await ProvisioningWorld.StartAsync();
        var host = await world.AddHostAsync("worker1", dpus: 2);
        host.TakesPods = false;
        await world.AddImageAndFlavorAsync();
        await world.Admin.PatchAsync<V1Node>(
            null, "worker1",
            new JsonObject
            {
                ["metadata"] = new JsonObject
                {
                    ["annotations"] = new JsonObject { [ProvisioningLabels.NodeEffectUndo] = """{"taints":[{"key":"earlier","value":"x","effect":"NoSchedule"}]}""" },
                },
            },
            Cancellation);
        await world.AddDpuAsync("worker1", DpuPhases.DmsDeployment, effect: "taint: {key: own, value: y, effect: NoSchedule}");
        world.StartController();
        var first = await world.Admin.HasAsync<V1Pod>(ProvisioningWorld.Namespace, Dpu + "-dms");
        Assert.Equal(["earlier=x", "own=y"], Tolerated(first));

        // Another card of the host comes with a taint of its own.
        await world.AddDpuAsync("worker1", DpuPhases.Pending, pci: "0000-04-00", image: "none", effect: "taint: {key: sibling, effect: NoSchedule}");
        var second = await world.Admin.HasAsync<V1Pod>(ProvisioningWorld.Namespace, Dpu + "-dms", p => p.Metadata.Uid != first.Metadata.Uid);
        Assert.Equal(["earlier=x", "own=y", "sibling="], Tolerated(second));

        // Who is on the host already stays.
        host.TakesPods = true;
        await world.Admin.HasAsync<V1Pod>(ProvisioningWorld.Namespace, Dpu + "-dms", p => p.Spec.NodeName == "worker1" && p.Metadata.Uid == second.Metadata.Uid);
    }

    private static IEnumerable<string> Tolerated(V1Pod pod) =>
        pod.Spec.Tolerations.Where(t => t.OperatorProperty == "Equal").Select(t => $"{t.Key}={t.Value}");
}
