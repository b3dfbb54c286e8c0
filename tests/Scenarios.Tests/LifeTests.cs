namespace Dpf.Scenarios.Tests;

/// <summary>Labs that are cut short, taken down, and asked for twice.</summary>
[Collection(OneLab.Name)]
public sealed class LifeTests
{
    [Fact]
    public async Task Down_leaves_the_machine_as_it_was_found_after_up_and_after_a_kill()
    {
        await using var lab = new LabHost();
        var before = await MachineState.LinesAsync(lab);

        // Cut short in the middle: the command line and the daemon with it.
        var broken = await UpUntilAsync(lab, "step 3", "(lab serve|Dpf.Cli.dll up)");
        Assert.NotEqual(0, broken.ExitCode);
        var afterKill = await lab.DpfAsync("down");
        Assert.True(afterKill.ExitCode == 0, afterKill.ToString());
        Assert.Equal(before, await MachineState.LinesAsync(lab));

        // Cut short again: the next up says that it starts over; while it runs, its API server and a controller are killed.
        await UpUntilAsync(lab, "step 2", "(lab serve|Dpf.Cli.dll up)");
        Outcome? second = null;
        var harm = new List<Task<Outcome>>();
        var up = await lab.DpfAsync("up --output json", async line =>
        {
            if (second is null && line.Contains("step 1", StringComparison.Ordinal))
            {
                second = await lab.DpfAsync("up");
            }

            if (harm.Count == 0 && line.Contains("… step 6", StringComparison.Ordinal))
            {
                harm.Add(lab.KillAsync("run apiserver"));
                harm.Add(lab.UserAsync(
                    "until kubectl delete pod -n dpf-operator-system -l dpu.nvidia.com/component=dpf-provisioning-controller-manager " +
                    "--grace-period=0 --force; do sleep 1; done"));
            }
        });
        Assert.True(up.ExitCode == 0, up.ToString());
        Assert.Contains("cut short", up.Error, StringComparison.Ordinal);
        Assert.Contains("another dpf is at work", second!.Error, StringComparison.Ordinal);
        Assert.NotEqual(0, second.ExitCode);
        Assert.All(await Task.WhenAll(harm), outcome => Assert.True(outcome.ExitCode == 0, outcome.ToString()));

        var again = await lab.DpfAsync("up --output json");
        Assert.True(again.ExitCode == 0, again.ToString());
        Assert.Contains("heals", again.Error, StringComparison.Ordinal);

        var down = await lab.DpfAsync("down");
        Assert.True(down.ExitCode == 0, down.ToString());
        Assert.Contains("step 7", down.Output, StringComparison.Ordinal);
        Assert.Equal(before, await MachineState.LinesAsync(lab));
        Assert.Equal("There is no lab.", (await lab.DpfAsync("down")).Output.Trim());
    }

    [Fact]
    public async Task A_DPUDeployment_ends_where_the_single_objects_do_and_goes_in_the_guides_order()
    {
        await using var lab = new LabHost();
        var up = await lab.DpfAsync("up --mode dpudeployment --output json");
        Assert.True(up.ExitCode == 0, up.ToString());
        await lab.UserSucceedsAsync("kubectl wait --for=condition=ApplicationsReconciled --namespace dpf-operator-system  dpuservices ovn-ovn");
        await lab.UserSucceedsAsync("kubectl wait --for=condition=Ready --namespace dpf-operator-system dpudeployment ovn --timeout=60s");
        var other = await lab.DpfAsync("up --mode dpuservice");
        Assert.Contains("--mode dpudeployment", other.Error, StringComparison.Ordinal);
        Assert.NotEqual(0, other.ExitCode);
        await ARevisionGoesFromDpuToDpuBesideTheOldOneAsync(lab);
        var down = await lab.DpfAsync("down");
        Assert.True(down.ExitCode == 0, down.ToString());
    }

    /// <summary>One whose port another service has is given up at the first DPU; the next one replaces the old one everywhere.</summary>
    private static async Task ARevisionGoesFromDpuToDpuBesideTheOldOneAsync(LabHost lab)
    {
        const string Old = "worker1-0000-03-00 dpu-cplane-tenant1-ovn-dts Running\nworker2-0000-03-00 dpu-cplane-tenant1-ovn-dts Running\n";
        await Until.SeesAsync(Old, PodsAsync);
        await ChangeAsync("dpuserviceconfiguration", """{"spec":{"upgradePolicy":{"applyNodeEffect":true,"progressDeadlineSeconds":5}}}""");
        await ChangeAsync("dpuservicetemplate", """{"spec":{"helmChart":{"values":{"port":10000}}}}""");
        await lab.UserSucceedsAsync(
            "until kubectl get dpudeployment ovn -n dpf-operator-system -o jsonpath='{.status.conditions[?(@.type==\"DPUServicesReady\")].message}' | " +
            "grep \"did not become ready on node worker1-0000-03-00 .*didn't have free ports\"; do sleep 0.3; done");
        await Until.SeesAsync(Old, PodsAsync);
        Assert.Equal(2, (await ServicesAsync()).Length);

        await ChangeAsync("dpuservicetemplate", """{"spec":{"helmChart":{"values":{"port":9101}}}}""");
        await lab.UserSucceedsAsync("kubectl wait --for=delete dpuservice/ovn-dts -n dpf-operator-system --timeout=120s");
        await lab.UserSucceedsAsync("kubectl wait --for=condition=Ready dpudeployment/ovn -n dpf-operator-system --timeout=60s");
        await Until.SeesAsync("1", async () => $"{(await ServicesAsync()).Length}");
        var revision = "dpu-cplane-tenant1-" + (await ServicesAsync())[0].Split('/')[^1];
        await Until.SeesAsync(Old.Replace("dpu-cplane-tenant1-ovn-dts", revision, StringComparison.Ordinal), PodsAsync);

        Task ChangeAsync(string kind, string patch) =>
            lab.UserSucceedsAsync($"kubectl patch {kind} dts -n dpf-operator-system --type merge -p '{patch}'");

        async Task<string[]> ServicesAsync() =>
            (await lab.UserSucceedsAsync("kubectl get dpuservice -n dpf-operator-system -o name | grep ovn-dts")).Split('\n', StringSplitOptions.RemoveEmptyEntries);

        Task<string> PodsAsync() => lab.DpuUserSucceedsAsync(
            "kubectl get pods -n dpf-operator-system -l app.kubernetes.io/name=doca-telemetry --sort-by=.spec.nodeName -o jsonpath=" +
            """'{range .items[*]}{.spec.nodeName} {.metadata.labels.app\.kubernetes\.io/instance} {.status.phase}{"\n"}{end}'""");
    }

    /// <summary>
    /// What charts and pods give their containers, and what the image holds, is what the programs in them need: mounts, privileges,
    /// devices, an account, other programs.
    /// </summary>
    [Fact]
    public async Task From_the_image_every_component_runs_as_a_container_of_its_own_and_traffic_gets_through()
    {
        await using var lab = new LabHost();
        var image = lab.State + "-image";
        var made = await Shell.RunAsync($"eng/image-root {image}", lab.Environment, TimeSpan.FromMinutes(10));
        Assert.True(made.ExitCode == 0, made.ToString());
        var before = await MachineState.LinesAsync(lab);
        var up = await lab.DpfAsync($"up --image {image} --workers 1 --output json");
        Assert.True(up.ExitCode == 0, up.ToString());
        var first = await lab.UserSucceedsAsync(
            "kubectl exec -n dpf-operator-system deploy/dpf-provisioning-controller-manager -- readlink /proc/1/exe");
        Assert.Equal("/usr/local/lib/dpf/Dpf.Cli", first.Trim());
        await lab.DpuUserSucceedsAsync("kubectl exec -n dpf-operator-system ds/ovnkube-node-dpu -c ovn-controller -- ovs-vsctl show | grep br-int");
        await lab.UserSucceedsAsync("kubectl logs -n ovn-kubernetes ds/ovnkube-node-dpu-host | grep 'CNI ADD'");

        var reboot = await lab.DpfAsync("reboot worker1-0000-03-00");
        Assert.True(reboot.ExitCode == 0, reboot.ToString());
        await Until.SeesAsync("ok", async () => (await lab.DpfAsync("traffic --short --output json")).ExitCode == 0 ? "ok" : "");

        var down = await lab.DpfAsync("down");
        Assert.True(down.ExitCode == 0, down.ToString());
        Assert.Equal(before, await MachineState.LinesAsync(lab));
    }

    [Theory]
    [InlineData("POD_CIDR=10.233.64.0", "POD_CIDR=10.233.64.0: not a network in CIDR form")]
    [InlineData("SERVICE_CIDR=10.233.64.0/18", "POD_CIDR and SERVICE_CIDR overlap")]
    [InlineData("TARGETCLUSTER_API_SERVER_HOST=https://10.0.110.1", "without a scheme")]
    [InlineData("TARGETCLUSTER_API_SERVER_HOST=10.0.110.1:6443", "without a port")]
    [InlineData("DPUCLUSTER_VIP=10.0.110.120", "choose an address outside that range")]
    public async Task Bad_input_is_told_before_anything_is_changed(string assignment, string message)
    {
        await using var lab = new LabHost();
        var outcome = await Shell.RunAsync($"{assignment} ./dpf up", lab.Environment, TimeSpan.FromMinutes(3));
        Assert.Equal(2, outcome.ExitCode);
        Assert.Contains(message, outcome.Error, StringComparison.Ordinal);
        Assert.False(Directory.Exists(lab.State));
    }

    [Fact]
    public async Task Without_root_the_lab_says_so()
    {
        await using var lab = new LabHost();
        var outcome = await Shell.RunAsync("setpriv --reuid 65534 --clear-groups bash ./dpf up", lab.Environment, TimeSpan.FromMinutes(1));
        Assert.Equal(2, outcome.ExitCode);
        Assert.Contains("the lab needs root", outcome.Error, StringComparison.Ordinal);
    }

    private static Task<Outcome> UpUntilAsync(LabHost lab, string progress, string harm)
    {
        var done = false;
        return lab.DpfAsync("up --output json", async line =>
        {
            if (!done && line.Contains(progress, StringComparison.Ordinal))
            {
                done = true;
                await lab.KillAsync(harm);
            }
        });
    }
}
