using System.Text.Json.Nodes;
using Dpf.Api.Operator;
using Dpf.Provisioning.Dpus;
using Dpf.Provisioning.Tests.World;
using k8s.Models;

namespace Dpf.Provisioning.Tests.Dpus;

public sealed class HostNetworkPodTests
{
    private const string Pod = "worker1-0000-03-00-hostnetwork";

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task AnotherMtuReachesThePodOfAReadyDpu()
    {
        await using var world = await ProvisioningWorld.StartAsync();
        await world.AddHostAsync("worker1");
        await world.AddImageAndFlavorAsync();
        await world.AddReadyDpuAsync("worker1");
        await world.Admin.ApplyYamlAsync($$"""
            apiVersion: operator.dpu.nvidia.com/v1alpha1
            kind: DPFOperatorConfig
            metadata: {name: dpfoperatorconfig, namespace: {{ProvisioningWorld.Namespace}}}
            spec: {provisioningController: {bfbPVCName: bfb-pvc} }
            """);
        world.StartController();
        var first = await world.Admin.HasAsync<V1Pod>(ProvisioningWorld.Namespace, Pod, HostPods.IsReady);
        Assert.Equal("1500", MtuOf(first));

        await world.Admin.PatchAsync<DpfOperatorConfig>(
            ProvisioningWorld.Namespace, "dpfoperatorconfig",
            new JsonObject { ["spec"] = new JsonObject { ["networking"] = new JsonObject { ["highSpeedMTU"] = 9000 } } }, Cancellation);
        var second = await world.Admin.HasAsync<V1Pod>(ProvisioningWorld.Namespace, Pod, p => p.Metadata.Uid != first.Metadata.Uid && HostPods.IsReady(p));
        Assert.Equal("9000", MtuOf(second));
    }

    [Fact]
    public void WhatOthersAddToAPodIsNoReasonToMakeItAnew()
    {
        var plan = Told(("vf_mtu", "1500"));
        Assert.True(HostNetworkPod.DoesAs(Told(("HTTPS_PROXY", "http://proxy"), ("vf_mtu", "1500")), plan));
        Assert.False(HostNetworkPod.DoesAs(Told(("vf_mtu", "9000")), plan));
        Assert.False(HostNetworkPod.DoesAs(Told(), plan));
    }

    private static string MtuOf(V1Pod pod) => pod.Spec.Containers[0].Env.Single(e => e.Name == "vf_mtu").Value;

    private static V1Pod Told(params (string Name, string Value)[] variables) => new()
    {
        Spec = new V1PodSpec { Containers = [new V1Container { Name = "hostnetwork", Env = [.. variables.Select(v => new V1EnvVar { Name = v.Name, Value = v.Value })] }] },
    };
}
