using Dpf.Api.Provisioning;
using Dpf.Provisioning.DpuClusters;
using Dpf.Runtime.Conditions;
using k8s.Models;

namespace Dpf.Provisioning.Tests.DpuClusters;

public sealed class ClusterPhasesTests
{
    private static readonly DateTimeOffset Now = new(2024, 11, 1, 12, 0, 0, TimeSpan.Zero);

    [Fact]
    public void A_new_cluster_waits_for_a_manager_of_its_type()
    {
        var (phase, ready) = Next(Cluster("Pending"));

        Assert.Equal("Creating", phase);
        Assert.Equal(("False", "NotCreated"), (ready.Status, ready.Reason));
        Assert.Contains("type 'kamaji'", ready.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_cluster_that_is_made_names_what_is_missing()
    {
        var (phase, ready) = Next(Cluster("Creating", ("Created", true), ("KeepalivedReady", false)));

        Assert.Equal("Creating", phase);
        Assert.Equal("The following conditions are not ready: KeepalivedReady", ready.Message);
    }

    [Fact]
    public void A_cluster_that_answers_is_ready()
    {
        var (phase, ready) = Next(Cluster("Creating", ("Created", true), ("KeepalivedReady", true)));

        Assert.Equal(("Ready", "True", "HealthCheckPassed"), (phase, ready.Status, ready.Reason));
    }

    [Fact]
    public void A_cluster_that_does_not_answer_is_not_ready_and_says_why()
    {
        var (phase, ready) = Next(Cluster("Ready", ("Created", true)), failure: "connection refused");

        Assert.Equal(("NotReady", "HealthCheckFailed", "connection refused"), (phase, ready.Reason, ready.Message));
    }

    [Fact]
    public void A_cluster_that_was_ready_does_not_go_back_to_being_made() =>
        Assert.Equal("NotReady", Next(Cluster("Ready", ("Created", true), ("KeepalivedReady", false))).Phase);

    [Fact]
    public void A_cluster_is_held_while_it_has_dpus()
    {
        var cluster = Cluster("Ready", ("Created", true));
        cluster.Metadata.DeletionTimestamp = Now.UtcDateTime;

        var (phase, ready) = Next(cluster, remaining: 2);

        Assert.Equal(("Ready", "AwaitingDeletion"), (phase, ready.Reason));
        Assert.Contains("2 DPUs", ready.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("vip", "10.0.0.1\n}", "eth0")]
    [InlineData("interface", "10.0.0.1", "eth0 {")]
    [InlineData(null, "10.0.0.1", "br-eno1")]
    public void What_becomes_a_line_of_a_configuration_is_checked(string? wrong, string vip, string device)
    {
        var problem = Provisioning.DpuClusters.VirtualAddresses.KeepalivedObjects.Problem(new Keepalived { Vip = vip, Interface = device, VirtualRouterId = 1 });

        Assert.Equal(wrong, problem?.Split(':')[0].Split('.')[^1]);
    }

    [Fact]
    public void A_static_cluster_needs_a_secret_with_a_kubeconfig()
    {
        Assert.Equal("SecretNotFound", StaticClusterManager.Judge("s", null).Reason);
        Assert.Equal("InvalidKubeconfig", StaticClusterManager.Judge("s", new V1Secret()).Reason);
        var secret = new V1Secret { Data = new Dictionary<string, byte[]> { ["admin.conf"] = "kind: Config\n"u8.ToArray() } };
        Assert.Equal("InvalidKubeconfig", StaticClusterManager.Judge("s", secret).Reason);
        secret.Data["admin.conf"] = """
            current-context: x
            contexts: [{name: x, context: {cluster: c, user: u}}]
            clusters: [{name: c, cluster: {server: "https://10.0.0.1:6443"}}]
            users: [{name: u, user: {token: t}}]
            """u8.ToArray();
        Assert.True(StaticClusterManager.Judge("s", secret).Holds);
    }

    private static (string Phase, V1Condition Ready) Next(DpuCluster cluster, string? failure = null, int remaining = 0)
    {
        var conditions = ClusterStatusWriter.ConditionsOf(cluster);
        var phase = ClusterPhases.Next(cluster, conditions, failure, remaining, Now);
        return (phase, conditions.Find("Ready")!);
    }

    private static DpuCluster Cluster(string phase, params (string Type, bool Holds)[] conditions) => new()
    {
        Metadata = new V1ObjectMeta { Name = "c", NamespaceProperty = "ns", Generation = 3 },
        Spec = new DpuClusterSpec { Type = "kamaji", Version = "v1.30.2" },
        Status = new DpuClusterStatus
        {
            Phase = phase,
            Conditions =
            [
                .. conditions.Select(c => new V1Condition
                {
                    Type = c.Type, Status = c.Holds ? "True" : "False", Reason = "R", Message = "", LastTransitionTime = Now.UtcDateTime,
                }),
            ],
        },
    };
}
