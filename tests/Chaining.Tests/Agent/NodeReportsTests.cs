using Dpf.Api.Services;
using Dpf.Chaining.Agent;
using Dpf.Runtime.Clusters;
using Dpf.Testing;

namespace Dpf.Chaining.Tests.Agent;

/// <summary>What an agent writes on its node's interfaces and chains.</summary>
public sealed class NodeReportsTests
{
    private const string Label = "svc.dpu.nvidia.com/service-chain";

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public void A_chain_whose_name_is_too_long_for_a_label_is_cut_and_not_written_again()
    {
        var chain = "a-chain-of-many-services-of-one-customer-worker-1.rack-17.example.org";
        var value = Samples.Physical();
        var label = (string)NodeReports.Metadata(value, "", chain)["labels"]![Label]!;
        Assert.InRange(label.Length, 1, 63);
        value.Metadata.Labels[Label] = label;
        Assert.Null(NodeReports.Metadata(value, "", chain)["labels"]);
        Assert.NotNull(NodeReports.Metadata(value, "", chain + "x")["labels"]);
        value.Metadata.Labels[Label] = "short";
        Assert.Null(NodeReports.Metadata(value, "", "short")["labels"]);
    }

    [Fact]
    public async Task A_report_that_is_refused_does_not_stop_the_others()
    {
        await using var cluster = await TestCluster.StartAsync("dpu-networking/charts/servicechainset-controller");
        await cluster.ApplyAsync($$"""
            apiVersion: v1
            kind: Namespace
            metadata: {name: {{Samples.Namespace}} }
            ---
            apiVersion: rbac.authorization.k8s.io/v1
            kind: ClusterRole
            metadata: {name: agent}
            rules:
            - {apiGroups: [svc.dpu.nvidia.com], resources: [serviceinterfaces], resourceNames: [ovn-dpu1], verbs: [patch]}
            - {apiGroups: [svc.dpu.nvidia.com], resources: [servicechains], verbs: [patch]}
            ---
            apiVersion: rbac.authorization.k8s.io/v1
            kind: ClusterRoleBinding
            metadata: {name: agent}
            roleRef: {apiGroup: rbac.authorization.k8s.io, kind: ClusterRole, name: agent}
            subjects: [{kind: User, name: agent, apiGroup: rbac.authorization.k8s.io}]
            """);
        ServiceInterface[] interfaces = [Samples.Physical(), Samples.Ovn()];
        var chain = Samples.Chain("c", [("uplink", "p0"), ("port", "ovn")]);
        foreach (var value in interfaces)
        {
            await cluster.Client.CreateAsync(value, Cancellation);
        }

        await cluster.Client.CreateAsync(chain, Cancellation);
        using var agent = KubeClient.FromKubeconfig(cluster.Server.KubeconfigFor("agent", []));
        var plan = NodePlan.Of(interfaces, [chain], [], Samples.View());
        var refused = await new NodeReports(agent).WriteAsync(plan, interfaces, [chain], Cancellation);
        Assert.Contains("p0-dpu1", Assert.Single(refused), StringComparison.Ordinal);
        Assert.NotNull(AgentReport.Of((await cluster.Client.GetAsync<ServiceInterface>(Samples.Namespace, "ovn-dpu1", Cancellation))!));
        Assert.NotNull(AgentReport.Of((await cluster.Client.GetAsync<ServiceChain>(Samples.Namespace, "c", Cancellation))!));
    }
}
