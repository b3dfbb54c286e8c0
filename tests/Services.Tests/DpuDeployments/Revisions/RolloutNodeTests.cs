using Dpf.Runtime.Clusters;
using Dpf.Runtime.Pods;
using Dpf.Services.DpuDeployments;
using Dpf.Services.DpuDeployments.Revisions;
using k8s.Models;

namespace Dpf.Services.Tests.DpuDeployments.Revisions;

/// <summary>What a DPU says of a revision that does not come up.</summary>
public sealed class RolloutNodeTests
{
    [Fact]
    public void A_pod_that_no_node_takes_is_the_trouble_of_the_node_that_it_was_made_for()
    {
        var pod = Pod();
        pod.Spec.Affinity = new V1Affinity
        {
            NodeAffinity = new V1NodeAffinity { RequiredDuringSchedulingIgnoredDuringExecution = PodPlacement.OnlyOn("dpu-1") },
        };
        pod.Status = new V1PodStatus
        {
            Phase = "Pending",
            Conditions =
            [
                new V1PodCondition { Type = "PodScheduled", Status = "False", Reason = "Unschedulable", Message = "1 node(s) didn't have free ports" },
            ],
        };

        Assert.Equal("dpu-1", PodPlacement.PlaceOf(pod));
        Assert.Equal("pod default/p is Unschedulable: 1 node(s) didn't have free ports", Node(pod).Trouble("dts", "2"));
        Assert.False(Node(pod).Runs("dts", "2"));
    }

    [Fact]
    public void A_pod_is_where_it_runs_and_its_container_says_what_it_waits_for()
    {
        var pod = Pod();
        pod.Spec.NodeName = "dpu-2";
        pod.Status = new V1PodStatus
        {
            Phase = "Pending",
            ContainerStatuses =
            [
                new V1ContainerStatus { State = new V1ContainerState { Waiting = new V1ContainerStateWaiting { Reason = "ErrImagePull" } } },
            ],
        };

        Assert.Equal("dpu-2", PodPlacement.PlaceOf(pod));
        Assert.Equal("pod default/p is ErrImagePull", Node(pod).Trouble("dts", "2"));
    }

    [Fact]
    public void Without_a_pod_the_chart_is_to_blame()
    {
        Assert.Null(PodPlacement.PlaceOf(Pod()));
        Assert.Contains("the chart has to use serviceDaemonSet.labels", Node().Trouble("dts", "2"), StringComparison.Ordinal);
    }

    private static V1Pod Pod() => new()
    {
        Metadata = new V1ObjectMeta
        {
            NamespaceProperty = "default", Name = "p",
            Labels = new Dictionary<string, string> { [DeploymentNames.PodRevision] = "2", [DeploymentNames.Service] = "dts" },
        },
        Spec = new V1PodSpec { Containers = [] },
    };

    private static RolloutNode Node(params V1Pod[] pods) => new(
        new NamespacedName("clusters", "c1"),
        new V1Node
        {
            Metadata = new V1ObjectMeta { Name = "dpu-1" },
            Status = new V1NodeStatus { Conditions = [new V1NodeCondition { Type = "Ready", Status = "True" }] },
        },
        pods);
}
