using Dpf.Guide.Preflight;
using Dpf.Guide.Variables;
using k8s.Models;

namespace Dpf.Guide.Tests;

public sealed class ClusterPreflightTests
{
    private static readonly GuideVariables Variables = GuideVariables.Read(new Dictionary<string, string>
    {
        ["TARGETCLUSTER_API_SERVER_HOST"] = "10.0.0.1", ["TARGETCLUSTER_NODE_CIDR"] = "10.0.0.0/24", ["DPUCLUSTER_VIP"] = "10.0.0.200",
        ["DPU_P0"] = "ens1f0np0", ["DPU_P0_VF1"] = "ens1f0v1", ["DPUCLUSTER_INTERFACE"] = "eno1", ["NFS_SERVER_IP"] = "10.0.0.250",
    });

    private static readonly ClusterFacts Good = new("v1.30.2+vendor", [Node("cp1", "10.0.0.1", "fd00::1")], [("ovn-kubernetes", "ovnkube-node")], null);

    [Fact]
    public void AClusterThatIsAsTheGuideNeedsItHasNoProblem() => Assert.Empty(ClusterPreflight.Problems(Good, Variables));

    [Fact]
    public void EverythingIsToldAtOnceWithWhatToDo() => Assert.Equal(
        [
            "the cluster is v1.27.3: it has to be v1.29 or newer",
            "no node has the label node-role.kubernetes.io/control-plane: the operator runs on such nodes; kubectl label node NAME node-role.kubernetes.io/control-plane=",
            "DaemonSet kube-system/calico-node is another network of pods: the guide's cluster has none before step 1; remove it",
            "DPUCLUSTER_VIP=10.0.0.200 is the address of node a; choose one that nobody has",
            "TARGETCLUSTER_NODE_CIDR=10.0.0.0/24: node b has the address 10.0.1.1, which is not in it",
            "TARGETCLUSTER_API_SERVER_HOST=10.0.0.1, TARGETCLUSTER_API_SERVER_PORT=6443: Connection refused; nodes and DPUs reach the API server there",
        ],
        ClusterPreflight.Problems(
            new ClusterFacts("v1.27.3", [Node("a", "10.0.0.200", label: "other"), Node("b", "10.0.1.1", label: "other")], [("kube-system", "calico-node")], "Connection refused"),
            Variables));

    private static V1Node Node(string name, string address, string? six = null, string label = "node-role.kubernetes.io/control-plane") => new()
    {
        Metadata = new V1ObjectMeta { Name = name, Labels = new Dictionary<string, string> { [label] = "" } },
        Status = new V1NodeStatus
        {
            Addresses = [.. new[] { address, six }.OfType<string>().Select(a => new V1NodeAddress { Type = "InternalIP", Address = a })],
        },
    };
}
