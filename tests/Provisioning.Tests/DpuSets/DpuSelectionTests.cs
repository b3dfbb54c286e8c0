using Dpf.Api.Provisioning;
using Dpf.Provisioning.DpuSets;
using k8s;
using k8s.Models;

namespace Dpf.Provisioning.Tests.DpuSets;

public sealed class DpuSelectionTests
{
    [Fact]
    public void WithoutASelectorTheFirstDpuIsMeant() => Assert.Equal([0], Indexes(null));

    [Fact]
    public void ASelectorMeansTheDpusThatItsLabelsSpeakOf()
    {
        Assert.Equal([1], Indexes(new() { ["feature.node.kubernetes.io/dpu-1-pci-address"] = "0000-04-00" }));
        Assert.Equal(
            [0, 1],
            Indexes(new() { ["feature.node.kubernetes.io/dpu-0-pf0-name"] = "ens0f0np0", ["feature.node.kubernetes.io/dpu-1-pci-address"] = "0000-04-00" }));
        Assert.Empty(Indexes(new() { ["feature.node.kubernetes.io/dpu-1-pci-address"] = "0000-99-00" }));
        Assert.Empty(Indexes(new() { ["other"] = "label" }));
    }

    [Fact]
    public void ANodeThatDoesNotMatchHasNone()
    {
        var set = new DpuSetSpec { NodeSelector = new V1LabelSelector { MatchLabels = new Dictionary<string, string> { ["rack"] = "7" } } };
        Assert.Empty(DpuSelection.Of(set, Node()));
    }

    [Fact]
    public void ACardThatRestartsIsNotForgotten()
    {
        var set = new DpuSetSpec
        {
            NodeSelector = new V1LabelSelector { MatchLabels = new Dictionary<string, string> { ["feature.node.kubernetes.io/dpu-enabled"] = "true" } },
        };
        var bare = new V1Node { Metadata = new V1ObjectMeta { Name = "worker1", Labels = new Dictionary<string, string>() } };
        Assert.True(DpuSelection.Keeps(set, Dpu("OS Installing"), bare));
        Assert.True(DpuSelection.Keeps(set, Dpu("Rebooting"), bare));
        Assert.False(DpuSelection.Keeps(set, Dpu("Ready"), bare));
        Assert.False(DpuSelection.Keeps(set, Dpu("OS Installing"), null));
    }

    [Fact]
    public void ADpuThatTheSelectorNoLongerMeansIsGivenUp()
    {
        var set = new DpuSetSpec { DpuSelector = new() { ["feature.node.kubernetes.io/dpu-1-pci-address"] = "0000-04-00" } };
        Assert.False(DpuSelection.Keeps(set, Dpu("Ready"), Node()));
        Assert.True(DpuSelection.Keeps(set, Dpu("Ready", "0000-04-00"), Node()));
    }

    [Fact]
    public void ADpuIsMadeFromTheTemplateAndItsCard()
    {
        var set = new DpuSet
        {
            Metadata = new V1ObjectMeta
            {
                Name = "set", NamespaceProperty = "ns", Uid = "u",
                Labels = new Dictionary<string, string> { ["team"] = "net", [ProvisioningLabels.DpuSetName] = "somebody else" },
            },
            Spec = new DpuSetSpec
            {
                DpuTemplate = new DpuTemplate
                {
                    Annotations = new() { ["a"] = "b" },
                    Spec = new DpuTemplateSpec { Bfb = new DpuSetBfb { Name = "image" }, DpuFlavor = "flavor", AutomaticNodeReboot = false },
                },
            },
        };
        var card = HostDpu.Of(Node())[1];
        var dpu = DpuRendering.Of(set, Node(), card, null);
        Assert.Equal("worker1-0000-04-00", dpu.Metadata.Name);
        Assert.Equal("set", dpu.Metadata.Labels[ProvisioningLabels.DpuSetName]);
        Assert.Equal("net", dpu.Metadata.Labels["team"]);
        Assert.Equal("ens1f0np0", dpu.Metadata.Labels[ProvisioningLabels.PfName]);
        Assert.Equal("b", dpu.Metadata.Annotations["a"]);
        Assert.Contains("\"automaticNodeReboot\":false", KubernetesJson.Serialize(dpu), StringComparison.Ordinal);
        Assert.False(DpuRendering.IsOutdated(set, dpu));

        // What is there keeps its image until it is made anew.
        dpu.Spec.Bfb = "older";
        Assert.True(DpuRendering.IsOutdated(set, dpu));
        Assert.Equal("older", DpuRendering.Of(set, Node(), card, dpu).Spec.Bfb);
    }

    [Fact]
    public void StatisticsKnowEveryPhase()
    {
        var dpus = Provisioning.Dpus.DpuPhases.All.Append(Provisioning.Dpus.DpuPhases.Rebooting).Select(p => Dpu(p)).Append(new Dpu());
        var statistics = DpuStatistics.Of(dpus);
        Assert.Equal(Provisioning.Dpus.DpuPhases.All.Order(StringComparer.Ordinal), statistics.Keys);
        Assert.Equal(2, statistics["Rebooting"]);
        Assert.Equal(2, statistics["Initializing"]);
    }

    private static IEnumerable<int> Indexes(Dictionary<string, string>? selector) =>
        DpuSelection.Of(new DpuSetSpec { DpuSelector = selector }, Node()).Select(d => d.Index);

    private static Dpu Dpu(string phase, string pci = "0000-03-00") => new()
    {
        Metadata = new V1ObjectMeta { Labels = new Dictionary<string, string> { [ProvisioningLabels.PciAddress] = pci } },
        Spec = new DpuSpec { NodeName = "worker1" },
        Status = new DpuStatus { Phase = phase },
    };

    private static V1Node Node() => new()
    {
        Metadata = new V1ObjectMeta
        {
            Name = "worker1",
            Labels = new Dictionary<string, string>
            {
                ["feature.node.kubernetes.io/dpu-1-pci-address"] = "0000-04-00",
                ["feature.node.kubernetes.io/dpu-1-pf0-name"] = "ens1f0np0",
                ["feature.node.kubernetes.io/dpu-0-pci-address"] = "0000-03-00",
                ["feature.node.kubernetes.io/dpu-0-pf0-name"] = "ens0f0np0",
                ["feature.node.kubernetes.io/dpu-2-pci-address"] = "nonsense",
                ["feature.node.kubernetes.io/dpu-oob-bridge-configured"] = "",
            },
        },
    };
}
