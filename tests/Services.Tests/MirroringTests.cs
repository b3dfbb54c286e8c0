using Dpf.Runtime.Clusters;

namespace Dpf.Services.Tests;

/// <summary>Interfaces, chains and address pools of the management cluster in a DPU cluster.</summary>
public sealed class MirroringTests(TwoClusters clusters) : IClassFixture<TwoClusters>
{
    private const string Version = "svc.dpu.nvidia.com/v1alpha1";

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task An_interface_becomes_a_set_that_is_healed_reported_on_and_deleted_with_it()
    {
        await clusters.Management.ApplyYamlAsync("""
            apiVersion: v1
            kind: Namespace
            metadata: {name: interfaces}
            ---
            apiVersion: svc.dpu.nvidia.com/v1alpha1
            kind: DPUServiceInterface
            metadata: {name: p0, namespace: interfaces}
            spec:
              template:
                spec:
                  template:
                    metadata: {labels: {uplink: p0}}
                    spec: {interfaceType: physical, physical: {interfaceName: p0}}
            """);
        await clusters.Management.ConditionAsync("DPUServiceInterface", "interfaces", "p0", "ServiceInterfaceSetReconciled");
        var set = await clusters.Dpu.HasAsync(Version, "ServiceInterfaceSet", "interfaces", "p0");
        Assert.Equal("p0", (string?)set["spec"]!["template"]!["metadata"]!["labels"]!["uplink"]);
        var why = await clusters.Management.ConditionAsync(
            "DPUServiceInterface", "interfaces", "p0", "ServiceInterfaceSetReady", "False");
        Assert.Contains("{Cluster: clusters/c1, Object: interfaces/p0}", why, StringComparison.Ordinal);

        await clusters.Dpu.DeleteAsync(Version, "ServiceInterfaceSet", "interfaces", "p0", Cancellation);
        var healed = await clusters.Dpu.HasAsync(
            Version, "ServiceInterfaceSet", "interfaces", "p0", s => (string?)s["metadata"]!["uid"] != (string?)set["metadata"]!["uid"]);
        await Sets.ReportAsync(clusters.Dpu, "ServiceInterfaceSet", "interfaces", "p0", (long)healed["metadata"]!["generation"]!);
        await clusters.Management.ConditionAsync("DPUServiceInterface", "interfaces", "p0", "Ready");

        await clusters.Management.DeleteAsync(Version, "DPUServiceInterface", "interfaces", "p0", Cancellation);
        await clusters.Management.LosesAsync(Version, "DPUServiceInterface", "interfaces", "p0");
        Assert.Null(await clusters.Dpu.GetAsync(Version, "ServiceInterfaceSet", "interfaces", "p0", Cancellation));
    }
}
