using System.Text.Json.Nodes;
using Dpf.Api.Provisioning;
using Dpf.Provisioning.Admission;
using k8s;

namespace Dpf.Provisioning.Tests.Admission;

public sealed class RulesTests
{
    [Theory]
    [InlineData("""{"nvconfig":[{"device":"*"}]}""", null)]
    [InlineData("""{"nvconfig":[{"device":" * "}]}""", null)]
    [InlineData("""{"nvconfig":[{"device":"mt41692"}]}""", "spec.nvconfig[0].device")]
    [InlineData("""{"nvconfig":[{},{}]}""", "spec.nvconfig: only one")]
    [InlineData("""{"dpuResources":{"cpu":"8","memory":"16Gi"},"systemReservedResources":{"cpu":2,"memory":"1024Mi"}}""", null)]
    [InlineData("""{"systemReservedResources":{"cpu":2}}""", "needs spec.dpuResources")]
    [InlineData("""{"dpuResources":{"cpu":"500m"},"systemReservedResources":{"cpu":1}}""", "systemReservedResources[cpu]")]
    [InlineData("""{"dpuResources":{"cpu":"1"},"systemReservedResources":{"memory":"1Gi"}}""", "systemReservedResources[memory]")]
    [InlineData("""{"dpuResources":{"cpu":"1"},"systemReservedResources":{"cpu":"many"}}""", "no quantity")]
    [InlineData("""{"configFiles":[{"path":"etc/x"}]}""", "configFiles[0].path")]
    [InlineData("""{"configFiles":[{"path":"/etc/x","permissions":"rw"}]}""", "configFiles[0].permissions")]
    public void AFlavorHasToFulfil(string spec, string? error) =>
        Check(Rules.Of(KubernetesJson.Deserialize<DpuFlavor>($$"""{"metadata":{"name":"f"},"spec":{{spec}}}""")), error);

    [Theory]
    [InlineData("""{}""", null)]
    [InlineData("""{"nodeEffect":{}}""", null)]
    [InlineData("""{"nodeEffect":{"noEffect":false,"drain":{}}}""", null)]
    [InlineData("""{"nodeEffect":{"noEffect":true,"drain":{}}}""", "spec.nodeEffect")]
    [InlineData("""{"nodeEffect":{"customLabel":{"a":"b"},"taint":{"key":"k","effect":"NoSchedule"}}}""", "spec.nodeEffect")]
    public void ADpuHasOneEffect(string spec, string? error) =>
        Check(Rules.Of(KubernetesJson.Deserialize<Dpu>($$"""{"metadata":{"name":"d"},"spec":{{spec}}}""")), error);

    [Theory]
    [InlineData("""{"nodeEffect":{"customLabel":{"example.com/busy":"with_dpu"}}}""", null)]
    [InlineData("""{"nodeEffect":{"customLabel":{"busy!":"x"}}}""", "spec.nodeEffect.customLabel[busy!]: 'busy!'")]
    [InlineData("""{"nodeEffect":{"customLabel":{"Example.com/busy":"x"}}}""", "'Example.com' before the slash")]
    [InlineData("""{"nodeEffect":{"customLabel":{"a/b/c":"x"}}}""", "'b/c' has to be")]
    [InlineData("""{"nodeEffect":{"customLabel":{"busy":"with dpu"}}}""", "spec.nodeEffect.customLabel[busy]: 'with dpu'")]
    [InlineData("""{"nodeEffect":{"taint":{"key":"dpu","effect":"NoExecute"}}}""", null)]
    [InlineData("""{"nodeEffect":{"taint":{"key":"","effect":"NoExecute"}}}""", "spec.nodeEffect.taint.key")]
    [InlineData("""{"nodeEffect":{"taint":{"key":"dpu","value":"-","effect":"NoExecute"}}}""", "spec.nodeEffect.taint.value")]
    [InlineData("""{"nodeEffect":{"taint":{"key":"dpu","effect":"noSchedule"}}}""", "spec.nodeEffect.taint.effect: 'noSchedule': use one of NoSchedule, PreferNoSchedule, NoExecute")]
    [InlineData("""{"cluster":{"nodeLabels":{"rack":"7","zone":""}}}""", null)]
    [InlineData("""{"cluster":{"nodeLabels":{"rack":"7/8"}}}""", "spec.cluster.nodeLabels[rack]: '7/8'")]
    public void LabelsAndTaintsAreThoseThatANodeCanHave(string spec, string? error) =>
        Check(Rules.Of(KubernetesJson.Deserialize<Dpu>($$"""{"metadata":{"name":"d"},"spec":{{spec}}}""")), error);

    [Theory]
    [InlineData("""{"dpuTemplate":{"spec":{"nodeEffect":{}}}}""", "spec.dpuTemplate.spec.nodeEffect: says nothing")]
    [InlineData("""{"dpuTemplate":{"spec":{"nodeEffect":{"noEffect":false}}}}""", "write noEffect: true")]
    [InlineData("""{"dpuTemplate":{"spec":{"nodeEffect":{"customLabel":{}}}}}""", "write noEffect: true")]
    [InlineData("""{"dpuTemplate":{"spec":{"nodeEffect":{"noEffect":true}}}}""", null)]
    [InlineData("""{"dpuSelector":{"feature.node.kubernetes.io/dpu-0-pci-address":"0000-03-00"}}""", null)]
    [InlineData("""{"dpuSelector":{"feature.node.kubernetes.io/dpu-enabled":"true"}}""", "spec.dpuSelector: means no card")]
    [InlineData("""{"dpuSelector":{"rack":"7","feature.node.kubernetes.io/dpu-1-pf0-name":"ens1f0np0"}}""", null)]
    public void WhatIsTakenThoughItMayNotBeMeantIsToldItsAuthor(string spec, string? warning)
    {
        var findings = Rules.Of(KubernetesJson.Deserialize<DpuSet>($$"""{"metadata":{"name":"s"},"spec":{{spec}}}"""));
        Assert.Empty(findings.All);
        Assert.Equal(warning is null ? 0 : 1, findings.Warnings.Count(w => w.Contains(warning ?? "", StringComparison.Ordinal)));
        Assert.Equal(findings.Warnings, findings.Answer("DPUSet", "s").Warnings);
    }

    [Fact]
    public void WhatWasStoredBeforeItWasRefusedHoldsNothingUp()
    {
        var before = With("with dpu");
        Assert.True(With("with dpu").Without(before).Answer("DPU", "d").Allowed);
        Assert.False(With("with another").Without(before).Answer("DPU", "d").Allowed);

        static FieldErrors With(string value) => Rules.Of(
            KubernetesJson.Deserialize<Dpu>($$$"""{"metadata":{"name":"d"},"spec":{"nodeEffect":{"customLabel":{"busy":"{{{value}}}"} } } }"""));
    }

    [Theory]
    [InlineData("0", null)]
    [InlineData("10", null)]
    [InlineData("11", "'11' is no number from 0 to 10")]
    [InlineData("-1", "spec.dpuTemplate.annotations[provisioning.dpu.nvidia.com/automatic-retries]")]
    [InlineData("often", "is no number")]
    public void TriesAreANumber(string value, string? error) => Check(
        Rules.Of(KubernetesJson.Deserialize<DpuSet>($$"""{"metadata":{"name":"s"},"spec":{"dpuTemplate":{"annotations":{"provisioning.dpu.nvidia.com/automatic-retries":"{{value}}"} } } }""")), error);

    [Theory]
    [InlineData("true", null)]
    [InlineData("F", null)]
    [InlineData("yes", "neither true nor false")]
    public void TheNeedOfAPowerCycleIsTrueOrFalse(string value, string? error) => Check(
        Rules.Of(KubernetesJson.Deserialize<Dpu>($$$"""{"metadata":{"annotations":{"provisioning.dpu.nvidia.com/host-power-cycle-required":"{{{value}}}"}},"spec":{}}""")), error);

    [Theory]
    [InlineData("""{"strategy":{"type":"RollingUpdate","rollingUpdate":{"maxUnavailable":"10%"}}}""", null)]
    [InlineData("""{"strategy":{"type":"RollingUpdate","rollingUpdate":{}}}""", null)]
    [InlineData("""{"strategy":{"type":"RollingUpdate","rollingUpdate":{"maxUnavailable":"0%"}}}""", "maxUnavailable")]
    [InlineData("""{"strategy":{"type":"Recreate","rollingUpdate":{"maxUnavailable":0}}}""", null)]
    [InlineData("""{"dpuTemplate":{"spec":{"nodeEffect":{"noEffect":true,"drain":{}}}}}""", "spec.dpuTemplate.spec.nodeEffect")]
    [InlineData("""{"dpuTemplate":{"annotations":{"provisioning.dpu.nvidia.com/host-power-cycle-required":"x"}}}""", "spec.dpuTemplate.annotations")]
    public void ADpuSetHasToFulfil(string spec, string? error) =>
        Check(Rules.Of(KubernetesJson.Deserialize<DpuSet>($$"""{"metadata":{"name":"s"},"spec":{{spec}}}""")), error);

    [Theory]
    [InlineData("""{}""", """{"strategy":{"type":"Recreate"},"dpuTemplate":{"spec":{"nodeEffect":{"noEffect":true}}}}""")]
    [InlineData(
        """{"strategy":{"type":"RollingUpdate","rollingUpdate":{}},"dpuTemplate":{"spec":{"nodeEffect":{"drain":{"automaticNodeReboot":false}},"automaticNodeReboot":false}}}""",
        """{"strategy":{"type":"RollingUpdate","rollingUpdate":{"maxUnavailable":1}},"dpuTemplate":{"spec":{"nodeEffect":{"drain":{"automaticNodeReboot":false}},"automaticNodeReboot":false}}}""")]
    [InlineData(
        """{"strategy":{"type":"RollingUpdate","rollingUpdate":{"maxUnavailable":"5%"}},"dpuTemplate":{"spec":{"nodeEffect":{"noEffect":true}}}}""",
        """{"strategy":{"type":"RollingUpdate","rollingUpdate":{"maxUnavailable":"5%"}},"dpuTemplate":{"spec":{"nodeEffect":{"noEffect":true}}}}""")]
    public void ADpuSetIsFilledIn(string before, string after)
    {
        var filled = Defaults.OfDpuSet(new JsonObject { ["spec"] = JsonNode.Parse(before) });
        Assert.True(JsonNode.DeepEquals(JsonNode.Parse(after), filled["spec"]), filled.ToJsonString());
    }

    [Fact]
    public void ADpuSetWithoutASpecIsFilledInToo() => Assert.Equal("Recreate", (string)Defaults.OfDpuSet([])["spec"]!["strategy"]!["type"]!);

    [Fact]
    public void ABfbsFileIsFilledIn()
    {
        var bfb = JsonNode.Parse("""{"metadata":{"name":"b"},"spec":{"url":"http://x/y.bfb"}}""")!.AsObject();
        Assert.Equal("ns-b.bfb", (string)Defaults.OfBfb(bfb, "ns")["spec"]!["fileName"]!);
        bfb["spec"]!["fileName"] = "own.bfb";
        Assert.Equal("own.bfb", (string)Defaults.OfBfb(bfb, "ns")["spec"]!["fileName"]!);
    }

    [Theory]
    [InlineData("""{"url":"http://x/y.bfb"}""", null)]
    [InlineData("""{"url":"http://x/y.bfb","fileName":""}""", null)]
    [InlineData("""{"url":"http://x/y.bfb","fileName":"kept.bfb"}""", "kept.bfb")]
    public void AStoredBfbsFileStaysAsItWasStored(string stored, string? file)
    {
        var bfb = JsonNode.Parse("""{"metadata":{"name":"b"},"spec":{"url":"http://x/y.bfb"}}""")!.AsObject();
        var filled = Defaults.OfBfb(bfb, "ns", new JsonObject { ["spec"] = JsonNode.Parse(stored) });
        Assert.Equal(file, (string?)filled["spec"]!["fileName"]);
    }

    private static void Check(FieldErrors errors, string? expected)
    {
        if (expected is null)
        {
            Assert.Empty(errors.All);
        }
        else
        {
            Assert.Contains(expected, Assert.Single(errors.All), StringComparison.Ordinal);
        }
    }
}
