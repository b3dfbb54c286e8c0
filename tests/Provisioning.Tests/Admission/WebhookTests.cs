using Dpf.Api.Provisioning;
using Dpf.Provisioning.Tests.World;
using Dpf.Runtime.Clusters;

namespace Dpf.Provisioning.Tests.Admission;

/// <summary>The webhooks as an API server asks them, by the operator's own configurations.</summary>
public sealed class WebhookTests
{
    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task TheApiServerAsksAndHeeds()
    {
        await using var world = await ProvisioningWorld.StartAsync(withDpuCluster: false);
        var port = await world.UseWebhooksAsync();
        world.StartController($"--webhook-port={port}");
        await Eventually.SeeAsync(
            async () =>
            {
                try
                {
                    await world.AddImageAndFlavorAsync();
                    return true;
                }
                catch (KubeException e) when (e.Message.Contains("failed calling webhook", StringComparison.Ordinal))
                {
                    return false;
                }
            },
            isAnswered => isAnswered);
        var bfb = await world.Admin.GetAsync<Bfb>(ProvisioningWorld.Namespace, "bf-bundle", Cancellation);
        Assert.Equal("dpf-operator-system-bf-bundle.bfb", bfb!.Spec.FileName);

        await world.Admin.ApplyYamlAsync($$"""
            apiVersion: provisioning.dpu.nvidia.com/v1alpha1
            kind: DPUSet
            metadata: {name: minimal, namespace: {{ProvisioningWorld.Namespace}}}
            """);
        var minimal = await world.Admin.GetAsync<DpuSet>(ProvisioningWorld.Namespace, "minimal", Cancellation);
        Assert.Equal("Recreate", minimal!.Spec.Strategy!.Type);
        Assert.True(minimal.Spec.DpuTemplate!.Spec!.NodeEffect!.NoEffect);

        await world.AddSetAsync(template: "automaticNodeReboot: false", more: "strategy: {type: RollingUpdate, rollingUpdate: {} }");
        var set = await world.Admin.GetAsync<DpuSet>(ProvisioningWorld.Namespace, "dpuset", Cancellation);
        Assert.Equal(1, (int)set!.Spec.Strategy!.RollingUpdate!.MaxUnavailable!);
        Assert.False(set.Spec.DpuTemplate!.Spec!.AutomaticNodeReboot);

        var refusal = await Assert.ThrowsAsync<KubeException>(() => world.AddSetAsync("bad", template: "nodeEffect: {noEffect: true, customLabel: {a: b} }"));
        Assert.Contains("spec.dpuTemplate.spec.nodeEffect", refusal.Message, StringComparison.Ordinal);
        await Refused("strategy: {type: RollingUpdate, rollingUpdate: {maxUnavailable: 0} }", "maxUnavailable");

        foreach (var kind in (string[])["BFB bf-bundle", "DPUFlavor flavor"])
        {
            var words = kind.Split(' ');
            var inUse = await Assert.ThrowsAsync<KubeException>(
                () => world.Admin.DeleteAsync("provisioning.dpu.nvidia.com/v1alpha1", words[0], ProvisioningWorld.Namespace, words[1], Cancellation));
            Assert.Contains("in use by DPUSet dpuset", inUse.Message, StringComparison.Ordinal);
        }

        await world.Admin.DeleteAsync<DpuSet>(ProvisioningWorld.Namespace, "dpuset", Cancellation);
        await world.Admin.LosesAsync<DpuSet>(ProvisioningWorld.Namespace, "dpuset");

        // A DPU of its own uses it as well.
        await world.Admin.ApplyYamlAsync($$"""
            apiVersion: provisioning.dpu.nvidia.com/v1alpha1
            kind: DPU
            metadata: {name: mine, namespace: {{ProvisioningWorld.Namespace}}}
            spec: {nodeName: nowhere, bfb: bf-bundle, nodeEffect: {noEffect: true} }
            """);
        var used = await Assert.ThrowsAsync<KubeException>(() => world.Admin.DeleteAsync<Bfb>(ProvisioningWorld.Namespace, "bf-bundle", Cancellation));
        Assert.Contains("in use by DPU mine", used.Message, StringComparison.Ordinal);
        await world.Admin.DeleteAsync<Dpu>(ProvisioningWorld.Namespace, "mine", Cancellation);
        await world.Admin.LosesAsync<Dpu>(ProvisioningWorld.Namespace, "mine");
        await world.Admin.DeleteAsync<Bfb>(ProvisioningWorld.Namespace, "bf-bundle", Cancellation);
        await world.Admin.LosesAsync<Bfb>(ProvisioningWorld.Namespace, "bf-bundle");
        await world.Admin.DeleteAsync<DpuFlavor>(ProvisioningWorld.Namespace, "flavor", Cancellation);
        Assert.Null(await world.Admin.GetAsync<DpuFlavor>(ProvisioningWorld.Namespace, "flavor", Cancellation));

        async Task Refused(string more, string because)
        {
            var e = await Assert.ThrowsAsync<KubeException>(() => world.AddSetAsync("bad", more: more));
            Assert.Contains(because, e.Message, StringComparison.Ordinal);
        }
    }

    [Fact]
    public async Task ABfbThatWasStoredWithoutAFileIsFetchedToo()
    {
        await using var world = await ProvisioningWorld.StartAsync(withDpuCluster: false);
        await world.AddImageAndFlavorAsync();
        var port = await world.UseWebhooksAsync();
        world.StartController($"--webhook-port={port}");
        var bfb = await world.Admin.HasAsync<Bfb>(ProvisioningWorld.Namespace, "bf-bundle", b => b.Status?.Phase == "Ready");
        Assert.True(string.IsNullOrEmpty(bfb.Spec.FileName), bfb.Spec.FileName);
        Assert.True(File.Exists(Path.Combine(world.BfbFolder, "dpf-operator-system-bf-bundle.bfb")));
    }
}
