namespace Dpf.Scenarios.Tests;

/// <summary>What a network survives: its parts are killed, rebooted, emptied and disturbed under running pods.</summary>
[Collection(SharedLab.Name)]
public sealed class RecoveryTests(DualStackLab guide)
{
    private const string Dpu = "worker1-bf";

    private LabHost Lab => guide.Lab;

    [Fact]
    public async Task A_DPU_that_reboots_gives_running_pods_their_network_back_and_a_TCP_stream_goes_on()
    {
        var outcome = await Shell.RunAsync("bench/dpu-reboots 2", Lab.Environment, TimeSpan.FromMinutes(6));
        Assert.True(outcome.ExitCode == 0, outcome.ToString());
        await TrafficReturnsAsync();
    }

    [Fact]
    public async Task A_machine_that_is_not_there_is_not_rebooted()
    {
        var outcome = await Lab.DpfAsync("reboot worker9");
        Assert.NotEqual(0, outcome.ExitCode);
        Assert.Contains("worker1-0000-03-00", outcome.Error, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("ovn-northd")]
    [InlineData("ovn-controller")]
    [InlineData("ovsdb-server /var/lib/ovn/ovnnb_db.db")]
    [InlineData("ovsdb-server /var/lib/ovn/ovnsb_db.db")]
    public async Task Daemons_on_the_DPU_are_started_again(string command)
    {
        await SucceedsAsync(Dpu, $"pkill -9 -of '^{command}'");
        await BecomesAsync(Dpu, $"pgrep -f '^{command}'");
        await TrafficReturnsAsync();
    }

    [Theory]
    [InlineData("rm /var/lib/ovn/ovnnb_db.db")]
    [InlineData("head -c 3000 /dev/urandom >/var/lib/ovn/ovnnb_db.db")]
    [InlineData("rm /var/lib/ovn/ovnsb_db.db")]
    public async Task A_lost_or_broken_database_is_filled_again_from_the_API(string harm)
    {
        var database = harm[^11..];
        await SucceedsAsync(Dpu, $"{harm}; pkill -9 -of '^ovsdb-server /var/lib/ovn/{database}'");
        await BecomesAsync(Dpu, "ovn-nbctl --timeout=2 --db=unix:/run/ovn/ovnnb_db.sock lsp-list worker1 | grep -q default_traffic-server");
        await BecomesAsync(Dpu, "ovn-sbctl --timeout=2 --db=unix:/run/ovn/ovnsb_db.sock find Port_Binding up=true | grep -q default_traffic-server");
        await TrafficReturnsAsync();
    }

    [Fact]
    public async Task A_switch_that_restarts_gets_its_flows_again()
    {
        await SucceedsAsync(Dpu, "/usr/share/openvswitch/scripts/ovs-ctl restart --system-id=random >/dev/null 2>&1");
        await BecomesAsync(Dpu, "ovs-ofctl -O OpenFlow13 dump-flows br-ovn | grep -q 0xdeff105");
        await TrafficReturnsAsync();
    }

    [Fact]
    public async Task A_switch_that_crashes_is_started_again_and_gets_its_flows()
    {
        const string pid = "cat /var/run/openvswitch/ovs-vswitchd.pid";
        var before = (await Lab.InMachineAsync(Dpu, pid)).Output.Trim();
        await SucceedsAsync(Dpu, $"kill -ABRT {before}");
        await BecomesAsync(Dpu, $"new=$({pid}) && [ $new != {before} ] && kill -0 $new && ovs-ofctl -O OpenFlow13 dump-flows br-ovn | grep -q 0xdeff105");
        await TrafficReturnsAsync();
    }

    [Fact]
    public async Task What_a_network_manager_takes_from_the_host_is_put_back()
    {
        foreach (var (harm, isBack) in ((string, string)[])
        [
            ("ip addr del 169.254.0.2/17 dev ens1f0np0", "ip -4 addr show dev ens1f0np0 | grep -q 169.254.0.2/17"),
            ("ip link set ens1f0np0 down; ip link set ens1f0np0 up", "ip route show | grep -q '^10.233.0.0/18 via 169.254.0.4 dev ens1f0np0'"),
            ("ip route flush proto boot dev ovn-k8s-mp0; ip addr flush dev ovn-k8s-mp0", "ip route show | grep -q '^10.233.64.0/18 via .* dev ovn-k8s-mp0'"),
            ("ip link set ovn-k8s-mp0 down", "ip link show ovn-k8s-mp0 | grep -q ,UP"),
            ("ip neigh del 169.254.0.4 dev ens1f0np0; ip route del 169.254.0.1/32", "ip neigh show nud permanent | grep -q '^169.254.0.4 dev ens1f0np0'"),
            ("nft delete table inet ovn-kubernetes", "nft list table inet ovn-kubernetes"),
        ])
        {
            await SucceedsAsync("worker1", harm);
            await BecomesAsync("worker1", isBack);
        }

        await TrafficReturnsAsync();
    }

    [Fact]
    public async Task The_tunnel_endpoint_comes_back_after_its_link_or_its_routes_went()
    {
        foreach (var (harm, isBack) in ((string, string)[])
        [
            ("ip link set p0 down; sleep 1; ip link set p0 up", "ip link show p0 | grep -q ,UP"),
            ("ip route flush proto boot dev br-ovn", "ip route show dev br-ovn | grep -q 'metric 10000'"),
            ("ip addr flush dev br-ovn", "ip -4 addr show dev br-ovn | grep -q 'inet '"),
        ])
        {
            await SucceedsAsync(Dpu, harm);
            await BecomesAsync(Dpu, isBack);
        }

        await TrafficReturnsAsync();
    }

    [Fact]
    public async Task Another_MTU_reaches_pods_that_run_and_what_is_larger_does_not_get_through()
    {
        const string pods = "kubectl get pods -l 'app in (traffic-client, traffic-server)' --no-headers -o custom-columns=N:.metadata.name";
        const string facts = "kubectl get pods -l 'app in (traffic-client, traffic-server)' " +
            "-o jsonpath='{range .items[*]}{.metadata.uid} {.status.podIP} {.status.containerStatuses[0].containerID}{\"\\n\"}{end}'";
        var before = await Lab.UserSucceedsAsync(facts);
        try
        {
            await SetAsync(1300);

            // 1300 bytes: 20 of IP's header and 8 of ICMP's.
            const string ping = "server=$(kubectl get pods -l app=traffic-server --field-selector spec.nodeName=worker2 -o jsonpath='{.items[0].status.podIP}'); " +
                "client=$(kubectl get pods -l app=traffic-client --field-selector spec.nodeName=worker1 -o name); kubectl exec $client -- ping -M do -c 2 -W 2 ";
            await Lab.UserSucceedsAsync($"for i in $(seq 60); do {ping} -s 1272 $server && exit 0; sleep 0.5; done; exit 1");
            Assert.NotEqual(0, (await Lab.UserAsync($"{ping} -s 1273 $server")).ExitCode);
            Assert.Contains("mtu 1300", (await Lab.InMachineAsync("worker1", "ip route show 10.233.0.0/18")).Output, StringComparison.Ordinal);
        }
        finally
        {
            await SetAsync(1400);
        }

        Assert.Equal(before, await Lab.UserSucceedsAsync(facts));
        await TrafficReturnsAsync();

        async Task SetAsync(int mtu)
        {
            await Lab.UserSucceedsAsync(
                $"kubectl patch configmap -n ovn-kubernetes ovn-config -p '{{\"data\":{{\"OVN_MTU\":\"{mtu}\"}}}}' && " +
                "kubectl rollout restart -n ovn-kubernetes daemonset && kubectl patch dpuservice -n dpf-operator-system ovn-dpu --type merge " +
                $"-p '{{\"spec\":{{\"helmChart\":{{\"values\":{{\"mtu\":{mtu}}}}}}}}}'");
            await Until.SeesAsync(
                $"mtu {mtu}\n", async () => (await Lab.UserAsync($"for p in $({pods}); do kubectl exec $p -- ip -o link show eth0 | grep -oE 'mtu [0-9]+'; done | sort -u")).Output,
                TimeSpan.FromMinutes(2));
        }
    }

    [Fact]
    public async Task A_DPU_that_nobody_hears_of_makes_its_host_unavailable_until_it_is_back()
    {
        const string told = "kubectl get node worker2 -o jsonpath='{.status.conditions[?(@.type==\"NetworkUnavailable\")].reason}'";
        await SucceedsAsync("worker2-bf", "ip route add blackhole 10.0.110.1");
        try
        {
            await Until.SeesAsync("DPUNotReady", () => Lab.UserSucceedsAsync(told), TimeSpan.FromSeconds(90));
            Assert.Contains("ovn-dpu-worker2", await Lab.UserSucceedsAsync(told.Replace(".reason", ".message", StringComparison.Ordinal)), StringComparison.Ordinal);
        }
        finally
        {
            await SucceedsAsync("worker2-bf", "ip route del blackhole 10.0.110.1");
        }

        await Until.SeesAsync("DPUReady", () => Lab.UserSucceedsAsync(told));
    }

    [Fact]
    public async Task The_DPU_keeps_its_lease_and_the_node_says_so()
    {
        Assert.Equal(
            "ovnkube-dpu-node 40", await Lab.UserSucceedsAsync(
                "kubectl get lease -n ovn-kubernetes ovn-dpu-worker1 -o jsonpath='{.spec.holderIdentity} {.spec.leaseDurationSeconds}'"));
        Assert.Equal(
            "DPUReady", await Lab.UserSucceedsAsync(
                "kubectl get node worker1 -o jsonpath='{.status.conditions[?(@.type==\"NetworkUnavailable\")].reason}'"));
    }

    [Fact]
    public async Task A_DPU_that_is_provisioned_anew_leaves_no_stale_chassis()
    {
        const string dpu = "dpu -n dpf-operator-system worker1-0000-03-00";
        const string uid = $"kubectl get {dpu} -o jsonpath='{{.metadata.uid}}'";
        var before = (await Lab.UserSucceedsAsync(uid)).Trim();
        Assert.Equal(GuideLab.Zones.Count, (await ChassisAsync()).Length);
        await Lab.UserSucceedsAsync(
            $"kubectl delete {dpu} --wait --timeout=120s && until [ -n \"$({uid} 2>/dev/null)\" ]; do sleep 0.5; done && " +
            $"kubectl wait --for=condition=Ready {dpu} --timeout=180s");
        Assert.NotEqual(before, (await Lab.UserSucceedsAsync(uid)).Trim());
        await TrafficReturnsAsync();

        var nodes = await Lab.UserSucceedsAsync(
            "kubectl get nodes -o jsonpath='{range .items[*]}{.metadata.annotations.k8s\\.ovn\\.org/node-chassis-id}{\"\\n\"}{end}'");
        await Until.SeesAsync(
            string.Join('\n', nodes.Trim().Split('\n').Order(StringComparer.Ordinal)), async () => string.Join('\n', await ChassisAsync()));
    }

    /// <summary>What the other DPU's zone knows of machines: itself, and who is at the other ends of its tunnels.</summary>
    private async Task<string[]> ChassisAsync() =>
    [
        .. (await Lab.InMachineAsync("worker2-bf", "ovn-sbctl --timeout=5 --bare --columns=name list chassis | grep ."))
            .Output.Trim().Split('\n').Order(StringComparer.Ordinal),
    ];

    private async Task SucceedsAsync(string machine, string line)
    {
        var outcome = await Lab.InMachineAsync(machine, line);
        Assert.True(outcome.ExitCode == 0, $"{machine}: {line}: {outcome}");
    }

    private Task BecomesAsync(string machine, string line) => SucceedsAsync(
        machine, $"for i in $(seq 400); do {line} >/dev/null 2>&1 && exit 0; sleep 0.1; done; {line}");

    /// <summary>The whole matrix, as soon as it is: a cell may be asked while its way comes back.</summary>
    private async Task TrafficReturnsAsync()
    {
        for (var attempt = 0; attempt < 20; attempt++)
        {
            if ((await Lab.DpfAsync("traffic --short --output json")).ExitCode == 0)
            {
                return;
            }
        }

        await Lab.TrafficSucceedsAsync();
    }
}
