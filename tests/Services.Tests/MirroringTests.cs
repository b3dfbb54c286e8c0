using k8s.Models;

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

    [Fact]
    public async Task A_chain_becomes_a_set_that_follows_it_and_keeps_no_field_that_was_taken_away()
    {
        await clusters.Management.ApplyYamlAsync(Chain("nodeSelector: {matchLabels: {role: firewall} }, "));
        var set = await clusters.Dpu.HasAsync(Version, "ServiceChainSet", "chains", "fabric");
        Assert.Equal("firewall", (string?)set["spec"]!["nodeSelector"]!["matchLabels"]!["role"]);
        await clusters.Management.ApplyYamlAsync(Chain(""));
        await clusters.Dpu.HasAsync(Version, "ServiceChainSet", "chains", "fabric", s => s["spec"]!["nodeSelector"] is null);
        await clusters.Management.ConditionAsync("DPUServiceChain", "chains", "fabric", "ServiceChainSetReconciled");
        await clusters.Management.DeleteAsync(Version, "DPUServiceChain", "chains", "fabric", Cancellation);
        await clusters.Management.LosesAsync(Version, "DPUServiceChain", "chains", "fabric");
        Assert.Null(await clusters.Dpu.GetAsync(Version, "ServiceChainSet", "chains", "fabric", Cancellation));

        static string Chain(string selector) => $$"""
            apiVersion: v1
            kind: Namespace
            metadata: {name: chains}
            ---
            apiVersion: svc.dpu.nvidia.com/v1alpha1
            kind: DPUServiceChain
            metadata: {name: fabric, namespace: chains}
            spec: {template: {spec: { {{selector}}template: {spec: {switches: [{ports: [
              {serviceInterface: {matchLabels: {uplink: p0} } }, {serviceInterface: {matchLabels: {port: ovn} } }]}] } } } } }
            """;
    }

    [Fact]
    public async Task A_deletion_waits_for_what_still_holds_the_set()
    {
        await HeldInterfaceAsync("held", "example.org/hold");
        await clusters.Management.DeleteAsync(Version, "DPUServiceInterface", "held", "ovn", Cancellation);
        await clusters.Management.ConditionAsync(
            "DPUServiceInterface", "held", "ovn", "ServiceInterfaceSetReconciled", "False", "1 objects still exist across all DPU clusters");
        await clusters.Dpu.PatchAsync<Api.Services.ServiceInterfaceSet>(
            "held", "ovn", System.Text.Json.Nodes.JsonNode.Parse("""{"metadata":{"finalizers":null}}""")!, Cancellation);
        await clusters.Management.LosesAsync(Version, "DPUServiceInterface", "held", "ovn");
    }

    [Fact]
    public async Task A_set_whose_controller_went_with_the_last_DPU_holds_up_no_deletion()
    {
        await clusters.Dpu.ApplyYamlAsync("""
            apiVersion: v1
            kind: Node
            metadata: {name: last}
            """);
        await clusters.Dpu.ApplyStatusAsync(
            new V1Node
            {
                Metadata = new V1ObjectMeta { Name = "last" },
                Status = new V1NodeStatus { Conditions = [new V1NodeCondition { Type = "Ready", Status = "True" }] },
            },
            "test", Cancellation);
        await HeldInterfaceAsync("last", "dpu.nvidia.com/serviceinterfaceset");
        await clusters.Management.DeleteAsync(Version, "DPUServiceInterface", "last", "ovn", Cancellation);
        await clusters.Management.ConditionAsync(
            "DPUServiceInterface", "last", "ovn", "ServiceInterfaceSetReconciled", "False", "1 objects still exist across all DPU clusters");
        await clusters.Dpu.DeleteAsync<V1Node>(null, "last", Cancellation);
        await clusters.Management.LosesAsync(Version, "DPUServiceInterface", "last", "ovn");
        Assert.Null(await clusters.Dpu.GetAsync(Version, "ServiceInterfaceSet", "last", "ovn", Cancellation));
    }

    [Fact]
    public async Task A_pool_is_ready_once_each_node_has_its_part_and_goes_with_its_object()
    {
        await clusters.Dpu.ApplyYamlAsync("""
            apiVersion: v1
            kind: Node
            metadata: {name: dpu1, labels: {kind: dpu} }
            """);
        await clusters.Management.ApplyYamlAsync(Ipam("ipv4Subnet: {subnet: 192.168.0.0/20, gateway: 192.168.0.1, perNodeIPCount: 8}"));
        var pool = await clusters.Dpu.HasAsync("nv-ipam.nvidia.com/v1alpha1", "IPPool", TwoClusters.SystemNamespace, "pool1");
        Assert.Equal(8, (int)pool["spec"]!["perNodeBlockSize"]!);
        Assert.Equal("pool1", (string?)pool["metadata"]!["labels"]!["dpu.nvidia.com/dpuserviceipam-name"]);
        Assert.Equal("a", (string?)pool["metadata"]!["labels"]!["svc.dpu.nvidia.com/pool"]);
        await Condition("DPUIPAMObjectReconciled", "True");
        await Condition("DPUIPAMObjectReady", "False", "no addresses yet for dpu1");
        var (type, _) = await clusters.Dpu.MapAsync("nv-ipam.nvidia.com/v1alpha1", "IPPool", Cancellation);
        await clusters.Dpu.SendRawAsync(
            HttpMethod.Patch, type.Path(TwoClusters.SystemNamespace, "pool1", "status"),
            System.Text.Json.Nodes.JsonNode.Parse("""
                {"status":{"allocations":[{"nodeName":"dpu1","startIP":"192.168.0.2","endIP":"192.168.0.9"}]}}
                """), Cancellation, "application/merge-patch+json");
        await Condition("Ready", "True");

        // Without the webhook the other block may be chosen: the former pool must not stay.
        await clusters.Management.DeleteAsync(Version, "DPUServiceIPAM", TwoClusters.SystemNamespace, "pool1", Cancellation);
        await clusters.Management.LosesAsync(Version, "DPUServiceIPAM", TwoClusters.SystemNamespace, "pool1");
        Assert.Null(await clusters.Dpu.GetAsync("nv-ipam.nvidia.com/v1alpha1", "IPPool", TwoClusters.SystemNamespace, "pool1", Cancellation));
        await clusters.Management.ApplyYamlAsync(Ipam("ipv4Network: {network: 10.0.120.0/22, prefixSize: 29, allocations: {b: 10.0.121.0/29, a: 10.0.120.0/29} }"));
        var network = await clusters.Dpu.HasAsync("nv-ipam.nvidia.com/v1alpha1", "CIDRPool", TwoClusters.SystemNamespace, "pool1");
        Assert.Equal(["a", "b"], network["spec"]!["staticAllocations"]!.AsArray().Select(a => (string?)a!["nodeName"]));
        await clusters.Management.PatchAsync<Api.Services.DpuServiceIpam>(
            TwoClusters.SystemNamespace, "pool1",
            System.Text.Json.Nodes.JsonNode.Parse("""
                {"spec":{"ipv4Network":null,"ipv4Subnet":{"subnet":"192.168.0.0/20","gateway":"192.168.0.1","perNodeIPCount":8}}}
                """)!, Cancellation);
        await clusters.Dpu.HasAsync("nv-ipam.nvidia.com/v1alpha1", "IPPool", TwoClusters.SystemNamespace, "pool1");
        await clusters.Dpu.LosesAsync("nv-ipam.nvidia.com/v1alpha1", "CIDRPool", TwoClusters.SystemNamespace, "pool1");

        Task Condition(string type, string status, string? containing = null) =>
            clusters.Management.ConditionAsync("DPUServiceIPAM", TwoClusters.SystemNamespace, "pool1", type, status, containing);

        static string Ipam(string block) => $$"""
            apiVersion: svc.dpu.nvidia.com/v1alpha1
            kind: DPUServiceIPAM
            metadata: {name: pool1, namespace: {{TwoClusters.SystemNamespace}} }
            spec:
              metadata: {labels: {svc.dpu.nvidia.com/pool: a} }
              {{block}}
            """;
    }

    /// <summary>An interface <c>ovn</c> in a namespace of its own, whose set in the DPU cluster somebody holds.</summary>
    private async Task HeldInterfaceAsync(string ns, string finalizer)
    {
        await clusters.Management.ApplyYamlAsync($$"""
            apiVersion: v1
            kind: Namespace
            metadata: {name: {{ns}} }
            ---
            apiVersion: svc.dpu.nvidia.com/v1alpha1
            kind: DPUServiceInterface
            metadata: {name: ovn, namespace: {{ns}} }
            spec: {template: {spec: {template: {spec: {interfaceType: ovn} } } } }
            """);
        await clusters.Dpu.HasAsync(Version, "ServiceInterfaceSet", ns, "ovn");
        await clusters.Dpu.ApplyYamlAsync($$"""
            apiVersion: svc.dpu.nvidia.com/v1alpha1
            kind: ServiceInterfaceSet
            metadata: {name: ovn, namespace: {{ns}}, finalizers: [{{finalizer}}]}
            """);
    }
}
