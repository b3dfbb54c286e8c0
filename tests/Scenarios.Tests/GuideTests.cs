namespace Dpf.Scenarios.Tests;

/// <summary>The guide's steps 0 to 6 in the lab, seen by a user with stock kubectl and a packet capture.</summary>
[Collection(OneLab.Name)]
public sealed class GuideTests(GuideLab guide) : IClassFixture<GuideLab>
{
    private LabHost Lab => guide.Lab;

    [Fact]
    public void Every_way_of_a_packet_gets_through()
    {
        var cells = guide.Report["matrix"]!.AsArray();
        Assert.All(cells, cell => Assert.True((bool)cell!["ok"]!, cell.ToJsonString()));
        Assert.Equal(
            [
                "control-plane-to-worker", "pod-to-cluster-ip", "pod-to-outside", "pod-to-pod-across-workers", "pod-to-pod-same-worker",
                "worker-to-control-plane",
            ],
            cells.Select(c => (string)c!["kind"]!).Distinct().Order(StringComparer.Ordinal));
        Assert.All(
            cells.Where(c => (string)c!["kind"]! == "pod-to-cluster-ip"), cell => Assert.Equal("2 of 2 backends", (string)cell!["detail"]!));
        Assert.Equal(
            ["0", "1", "2", "3", "4", "5.1", "6"], guide.Report["steps"]!.AsArray().Select(s => (string)s!["step"]!).Distinct());
    }

    [Theory]
    [InlineData("kubectl wait --for=condition=ready nodes --all")]
    [InlineData("kubectl wait --for=condition=ready --namespace ovn-kubernetes pods --all --timeout=300s")]
    [InlineData("kubectl rollout status deployment --namespace dpf-operator-system dpf-operator-controller-manager")]
    [InlineData("kubectl wait --for=condition=ready --namespace dpf-operator-system pods --all")]
    [InlineData("kubectl rollout status deployment --namespace dpf-operator-system dpf-provisioning-controller-manager dpuservice-controller-manager")]
    [InlineData("kubectl rollout status deployment --namespace dpf-operator-system")]
    [InlineData("kubectl wait --for=condition=ready --namespace dpu-cplane-tenant1 dpucluster --all")]
    [InlineData("kubectl wait --for=condition=Ready --namespace nvidia-network-operator pods --all")]
    [InlineData("kubectl rollout status daemonset --namespace nvidia-network-operator kube-multus-ds sriov-network-config-daemon sriov-device-plugin")]
    [InlineData("kubectl rollout status deployment --namespace ovn-kubernetes ovn-kubernetes-ovn-kubernetes-resource-injector")]
    [InlineData("kubectl wait --for=condition=ApplicationsReconciled --namespace dpf-operator-system  dpuservices doca-blueman-service doca-telemetry-service")]
    [InlineData("kubectl wait --for=condition=ServiceInterfaceSetReconciled --namespace dpf-operator-system dpuserviceinterface --all")]
    [InlineData("kubectl wait --for=condition=ServiceChainSetReconciled --namespace dpf-operator-system dpuservicechain --all")]
    public Task The_guides_verification_succeeds_with_stock_kubectl(string command) => Lab.UserSucceedsAsync(command);

    [Fact]
    public async Task The_guide_is_walked_on_a_cluster_through_its_kubeconfig_alone()
    {
        Assert.Contains("is as the guide needs it", await Lab.UserSucceedsAsync("../../../dpf guide --check"), StringComparison.Ordinal);
        var walk = await Lab.UserSucceedsAsync("../../../dpf guide --walk --outside 198.51.100.10");
        Assert.Contains("✓ step 6: Test traffic", walk, StringComparison.Ordinal);
        Assert.Contains("pod to outside", walk, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Traffic_between_workers_goes_through_the_DPUs_and_never_through_the_hosts()
    {
        var client = await PodAsync("traffic-client", "worker1", ".metadata.name");
        var server = await PodAsync("traffic-server", "worker2", ".status.podIP");
        var fabric = Lab.InMachineAsync("fabric", "timeout 20 tcpdump -lnqi hs -c 2 'udp port 6081' 2>/dev/null");
        var host = Lab.InMachineAsync("worker1", $"timeout 6 tcpdump -lnqi any 'udp port 6081 or host {server}' 2>/dev/null");
        await Lab.UserSucceedsAsync($"sleep 2; kubectl exec {client} -- ping -c 3 -i 0.5 {server}");

        var tunnel = (await fabric).Output;
        var addresses = (string[])[await TunnelAsync("worker1"), await TunnelAsync("worker2")];
        Assert.All(addresses, address => Assert.Contains(address, tunnel, StringComparison.Ordinal));
        Assert.Equal("", (await host).Output.Trim());
        Assert.Equal(
            "0", (await Lab.InMachineAsync("worker1", "ps -e -o comm= | grep -cE '^(ovs|ovn|ovsdb)' || true")).Output.Trim());
    }

    [Fact]
    public async Task Kubectl_executes_reads_logs_describes_and_applies()
    {
        var client = await PodAsync("traffic-client", "worker1", ".metadata.name");
        Assert.Equal(client, (await Lab.UserSucceedsAsync($"kubectl exec {client} -- hostname")).Trim());
        Assert.Contains("leads", await Lab.UserSucceedsAsync("kubectl logs -n dpf-operator-system deploy/dpf-provisioning-controller-manager"), StringComparison.Ordinal);
        Assert.Contains("Rebooted", await Lab.UserSucceedsAsync("kubectl describe dpu -n dpf-operator-system worker1-0000-03-00"), StringComparison.Ordinal);
        Assert.Contains("unchanged", await Lab.UserSucceedsAsync("kubectl apply -f manifests/06-test-traffic"), StringComparison.Ordinal);
        var table = await Lab.UserSucceedsAsync("kubectl get dpu,dpuset,bfb,dpucluster,dpuservice -A");
        Assert.All((string[])["worker1-0000-03-00", "bf-bundle", "ovn-dpu", "Ready"], text => Assert.Contains(text, table, StringComparison.Ordinal));
    }

    [Fact]
    public async Task Services_on_the_DPUs_show_counters_and_a_page()
    {
        var address = (await Lab.DpuUserSucceedsAsync("kubectl get node worker1-0000-03-00 -o jsonpath='{.status.addresses[0].address}'")).Trim();
        Assert.Contains("dpu_ovs_up{", await Lab.UserSucceedsAsync($"curl -sf http://{address}:9100/metrics"), StringComparison.Ordinal);
        Assert.Contains("worker1-0000-03-00", await Lab.UserSucceedsAsync($"curl -sf http://{address}:10000/"), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Killed_components_only_delay()
    {
        await Lab.UserSucceedsAsync("kubectl delete pod -n dpf-operator-system -l dpu.nvidia.com/component=dpf-provisioning-controller-manager --grace-period=0 --force");
        var killed = await Lab.KillAsync("run apiserver");
        Assert.Equal(0, killed.ExitCode);
        await Lab.UserSucceedsAsync("until kubectl get --raw /readyz >/dev/null 2>&1; do sleep 0.2; done");
        await Lab.DpuUserSucceedsAsync(
            "until kubectl get node worker1-0000-03-00 >/dev/null 2>&1; do sleep 0.5; done; " +
            "kubectl delete pod -n dpf-operator-system --field-selector spec.nodeName=worker1-0000-03-00 -l app=ovnkube-node-dpu --grace-period=0 --force");
        await Lab.DpuUserSucceedsAsync("kubectl rollout status daemonset -n dpf-operator-system ovnkube-node-dpu --timeout=120s");
        await Lab.UserSucceedsAsync("kubectl rollout status deployment -n dpf-operator-system --timeout=120s");
        await Lab.TrafficSucceedsAsync();
    }

    [Fact]
    public async Task Objects_applied_by_hand_have_the_same_effect_as_the_guides_step()
    {
        await Lab.UserSucceedsAsync("kubectl delete -f manifests/06-test-traffic --wait");
        // The boot image is in use as long as the set is there; what still goes when it is applied again would go all the same.
        await Lab.UserSucceedsAsync(
            "kubectl delete dpuset -n dpf-operator-system dpuset --wait --timeout=180s && " +
            "cat manifests/05.1-dpuservice-installation/*.yaml | envsubst | kubectl delete -f - --ignore-not-found --wait --timeout=180s");
        Assert.Equal("", (await Lab.UserSucceedsAsync("kubectl get dpu -A --no-headers 2>/dev/null")).Trim());
        Assert.Equal("", (await Lab.DpuUserSucceedsAsync("kubectl get nodes --no-headers 2>/dev/null")).Trim());

        await Lab.UserSucceedsAsync("cat manifests/05.1-dpuservice-installation/*.yaml | envsubst | kubectl apply -f -");
        await Lab.UserSucceedsAsync(
            "until kubectl get dpu -A --no-headers 2>/dev/null | grep -q worker2; do sleep 0.5; done; " +
            "kubectl wait --for=condition=Ready -n dpf-operator-system dpu --all --timeout=240s && " +
            "kubectl wait --for=condition=Ready -n dpf-operator-system dpuservices --all --timeout=120s && " +
            "kubectl wait --for=condition=ready nodes --all --timeout=120s && " +
            "kubectl wait --for=condition=NetworkUnavailable=false nodes -l node-role.kubernetes.io/worker --timeout=60s");
        await Lab.UserSucceedsAsync(
            "kubectl apply -f manifests/06-test-traffic && sleep 1 && kubectl wait --for=condition=ready pods --all --timeout=120s");
        await Lab.TrafficSucceedsAsync();
    }

    private async Task<string> PodAsync(string app, string node, string field) => (await Lab.UserSucceedsAsync(
        $"kubectl get pods -l app={app} --field-selector spec.nodeName={node} -o jsonpath='{{.items[0]{field}}}'")).Trim();

    private async Task<string> TunnelAsync(string node) => (await Lab.UserSucceedsAsync(
        $"kubectl get node {node} -o jsonpath='{{.metadata.annotations.k8s\\.ovn\\.org/encap-ip}}'")).Trim();
}
