using System.Text.Json.Nodes;
using Dpf.Api.Provisioning;
using Dpf.Provisioning.Dpus;
using Dpf.Provisioning.DpuSets;
using Dpf.Provisioning.Tests.World;
using Dpf.Runtime.Clusters;
using Dpf.Runtime.Conditions;
using k8s.Models;

namespace Dpf.Provisioning.Tests;

/// <summary>
/// What the original is known to get wrong, as far as no other class is about it. Uninstalling in order, one configuration, references
/// and drift (W1, W3, W6 to W10) are told by the tests of the operator; images (W14) by <see cref="Bfbs.BfbLifeTests"/>; guards and
/// defaults (W2, W5) by <see cref="Admission.WebhookTests"/>; several DPUs of a host, restarts and node effects (W4, W18, W19) by
/// <see cref="Dpus.HostRestartTests"/>; limits, restarts of the controller and tries (W11, W12, W13) by <see cref="Dpus.DpuLimitsTests"/>,
/// <see cref="Dpus.DpuTroubleTests"/> and <see cref="Dpus.DpuRetryTests"/>; clusters (W15, W16, W17) by
/// <see cref="Dpus.ClusterAllocationTests"/> and <see cref="DpuClusters.ClusterLifeTests"/>; secrets in logs (W20) by
/// <see cref="Dpus.DpuLifeTests"/>; quoting (W21) by <see cref="Flavors.QuotingTests"/>; hosts (W22, W26) by
/// <see cref="HostNetwork.HostNetworkTests"/> and <see cref="Detection.FeatureFileTests"/>; roll-outs (W23) by
/// <see cref="DpuSets.RolloutTests"/>; words (W24) by <see cref="Dpus.RunbookTests"/>; names (W27) by <see cref="NamingTests"/>.
/// </summary>
public sealed class KnownWeakSpotsTests
{
    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task ATypeThatNoClusterManagerTakesUpIsRefused()
    {
        await using var world = await ProvisioningWorld.StartAsync(withDpuCluster: false);
        var number = 0;
        foreach (var type in (string[])["mykamaji", "static2", "dummy.com", ""])
        {
            var refusal = await Assert.ThrowsAsync<KubeException>(() => AddAsync(type));
            Assert.Contains("spec.type", refusal.Message, StringComparison.Ordinal);
        }

        foreach (var type in (string[])["kamaji", "static", "dummy.com/type"])
        {
            await AddAsync(type);
        }

        Task AddAsync(string type) => world.Admin.ApplyYamlAsync($$"""
            apiVersion: provisioning.dpu.nvidia.com/v1alpha1
            kind: DPUCluster
            metadata: {name: "c{{number++}}", namespace: {{ProvisioningWorld.Namespace}}}
            spec: {type: "{{type}}", version: v1.30.2}
            """);
    }

    [Fact]
    public void AHostWithoutAnIpv4AddressHasALabelAllTheSame()
    {
        var node = Node();
        node.Status = new V1NodeStatus { Addresses = [new V1NodeAddress { Type = "Hostname", Address = "worker1" }, new V1NodeAddress { Type = "InternalIP", Address = "fd00::1" }] };
        var label = DpuRendering.Of(Set(), node, HostDpu.Of(node)[0], null).Metadata.Labels[ProvisioningLabels.HostIp];
        Assert.Equal("fd00--1", label);
    }

    [Theory]
    [InlineData("True", true)]
    [InlineData("False", false)]
    [InlineData("Unknown", false)]
    [InlineData(null, false)]
    public void OnlyADpuThatSaysSoCountsAsAvailable(string? ready, bool isAvailable)
    {
        var dpu = new Dpu { Status = new DpuStatus { Conditions = ready is null ? [] : [new V1Condition { Type = "Ready", Status = ready }] } };
        Assert.Equal(isAvailable, DpuSetStatusRules.Rolling(Set(), dpu).IsAvailable);
    }

    [Fact]
    public void ADpuOfAnotherNamespaceIsNotTheSetsOwn()
    {
        var set = Set();
        Assert.Equal("ns", DpuRendering.Of(set, Node(), HostDpu.Of(Node())[0], null).Metadata.NamespaceProperty);
    }

    [Fact]
    public void AReadyDpuIsNotLookedAtAgainAndAgain()
    {
        // A step without a time to look again waits for what it watches.
        Assert.Null(new Step.Wait("Reason", "message").After);
        var row = PhaseTable.Of(DpuPhases.Ready);
        var dpu = new Dpu { Metadata = new V1ObjectMeta { Name = "dpu", Generation = 1 }, Status = new DpuStatus { Phase = DpuPhases.Ready } };
        var once = DpuStatusRules.Apply(dpu, row, new Step.Advance("", "DPUNodeReady"), null, DateTimeOffset.UnixEpoch);
        dpu.Status = once;
        var twice = DpuStatusRules.Apply(dpu, row, new Step.Advance("", "DPUNodeReady"), null, DateTimeOffset.UnixEpoch.AddDays(1));
        Assert.Equal(k8s.KubernetesJson.Serialize(once), k8s.KubernetesJson.Serialize(twice));
    }

    [Fact]
    public async Task AnErrorIsSaidWhereUsersLook()
    {
        await using var world = await ProvisioningWorld.StartAsync();
        await world.AddHostAsync("worker1");
        await world.AddImageAndFlavorAsync();
        await world.AddSetAsync();

        // A node that says no address is none that DMS could have a certificate for.
        await world.Admin.PatchStatusAsync<V1Node>(null, "worker1", new JsonObject { ["status"] = new JsonObject { ["addresses"] = new JsonArray() } }, Cancellation);
        world.StartController();
        var dpu = await world.Admin.HasAsync<Dpu>(
            ProvisioningWorld.Namespace, "worker1-0000-03-00", d => d.Status?.Conditions.Find("DMSRunning") is { Status: "False", Reason: "ErrorOccured" });
        Assert.Equal("node worker1 has no address yet", dpu.Status!.Conditions.Find("DMSRunning")!.Message);
    }

    private static DpuSet Set() => new()
    {
        Metadata = new V1ObjectMeta { Name = "set", NamespaceProperty = "ns" },
        Spec = new DpuSetSpec { DpuTemplate = new DpuTemplate { Spec = new DpuTemplateSpec { Bfb = new DpuSetBfb { Name = "image" } } } },
    };

    private static V1Node Node() => new()
    {
        Metadata = new V1ObjectMeta
        {
            Name = "worker1",
            Labels = new Dictionary<string, string> { ["feature.node.kubernetes.io/dpu-0-pci-address"] = "0000-03-00" },
        },
    };
}
