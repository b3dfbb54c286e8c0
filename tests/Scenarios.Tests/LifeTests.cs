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
        var down = await lab.DpfAsync("down");
        Assert.True(down.ExitCode == 0, down.ToString());
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
