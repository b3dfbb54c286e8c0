using System.Diagnostics;
using System.Globalization;
using Dpf.Cli.Daemon;

namespace Dpf.Cli.Tests;

public sealed class CommandLineTests : IDisposable
{
    private readonly Dpf _dpf = new();

    public void Dispose() => _dpf.Dispose();

    [Fact]
    public async Task WrongVariablesAreAllToldBeforeAnythingIsTouched()
    {
        var (code, output, error) = await _dpf.RunAsync("up", ("POD_CIDR", "10.0.0.0"), ("DPUCLUSTER_VIP", "https://10.0.110.200"));
        Assert.Equal((2, ""), (code, output));
        Assert.Contains("nothing was changed", error, StringComparison.Ordinal);
        Assert.Contains("POD_CIDR=10.0.0.0: not a network in CIDR form", error, StringComparison.Ordinal);
        Assert.Contains("DPUCLUSTER_VIP=https://10.0.110.200: give the address alone, without a scheme", error, StringComparison.Ordinal);
        Assert.Empty(_dpf.Left);
    }

    [Theory]
    [InlineData("DPUCLUSTER_VIP", "10.0.110.120", "DHCP hands out 10.0.110.100 to 10.0.110.150")]
    [InlineData("SERVICE_CIDR", "10.233.64.0/20", "POD_CIDR and SERVICE_CIDR overlap")]
    [InlineData("TARGETCLUSTER_API_SERVER_HOST", "10.0.110.9", "the lab's is 10.0.110.1; unset it")]
    public async Task AVariableThatDoesNotFitTheLabIsRefused(string name, string value, string reason)
    {
        var (code, _, error) = await _dpf.RunAsync("up", (name, value));
        Assert.Equal(2, code);
        Assert.Contains(reason, error, StringComparison.Ordinal);
        Assert.Empty(_dpf.Left);
    }

    [Fact]
    public async Task N8_a_component_ends_when_the_system_asks_it_to()
    {
        var kubeconfig = Path.Combine(_dpf.Folder, "kubeconfig");
        var (code, _, error) = await _dpf.RunAsync($"run apiserver --data {_dpf.State} --kubeconfig {kubeconfig} --port 0", async server =>
        {
            while (!File.Exists(kubeconfig) && !server.HasExited)
            {
                await Task.Delay(TimeSpan.FromMilliseconds(20), TimeProvider.System, TestContext.Current.CancellationToken);
            }

            using var kill = Process.Start("kill", ["-TERM", server.Id.ToString(CultureInfo.InvariantCulture)]);
            await kill.WaitForExitAsync(TestContext.Current.CancellationToken);
        });
        Assert.True(code == 0, $"{code} {error}");
    }

    [Theory]
    [InlineData("up --workers 0", 2, "the lab has room for 1 to 4")]
    [InlineData("up --image /nowhere", 2, "--image /nowhere: no folder; unpack the image there")]
    [InlineData("up --image /usr", 2, "--image /usr: no root file system of the components' image: it has no /usr/local/lib/dpf")]
    [InlineData("up --nothing", 2, "'--nothing'")]
    [InlineData("publish oci://127.0.0.1:1/x", 2, "'--image' is required")]
    [InlineData("publish 127.0.0.1:1/x --image a:1 --hostdriver-image b:1", 2, "127.0.0.1:1/x: a registry of charts is written oci://HOST[:PORT]/PATH")]
    [InlineData("publish oci://127.0.0.1:1/x --image a:1 --hostdriver-image b:1 --version new", 2, "--version new: no version as charts have them")]
    [InlineData("publish oci://127.0.0.1:1/x --image a:1 --hostdriver-image b:1 --dependencies /nowhere", 2, "--dependencies /nowhere: neither argo-cd-7.6.8.tgz nor a folder argo-cd is there")]
    [InlineData("guide --check", 2, "TARGETCLUSTER_API_SERVER_HOST is missing")]
    [InlineData("guide --walk --mode other", 2, "'other' not recognized")]
    [InlineData("run nothing", 2, "'nothing' is no component; there are: ")]
    [InlineData("env", 1, "no lab is running; start one with ./dpf up")]
    [InlineData("describe", 1, "no cluster: no lab is running (./dpf up starts one)")]
    [InlineData("traffic", 1, "no cluster: no lab is running (./dpf up starts one)")]
    [InlineData("traffic --kubeconfig /nowhere", 2, "the kubeconfig /nowhere cannot be used: ")]
    public async Task AMistakeIsSaidInALineWithoutAStackTrace(string arguments, int expected, string reason)
    {
        var (code, output, error) = await _dpf.RunAsync(arguments);
        Assert.Equal((expected, ""), (code, output));
        Assert.StartsWith("dpf: ", error, StringComparison.Ordinal);
        Assert.Contains(reason, error, StringComparison.Ordinal);
        Assert.DoesNotContain("   at ", error, StringComparison.Ordinal);
        Assert.Empty(_dpf.Left);
    }

    [Theory]
    [InlineData("up --output xml")]
    [InlineData("up --mode other")]
    [InlineData("nonsense")]
    public async Task WhatTheCommandLineDoesNotKnowIsRefused(string arguments)
    {
        var (code, _, error) = await _dpf.RunAsync(arguments);
        Assert.Equal(2, code);
        Assert.StartsWith("dpf: ", error, StringComparison.Ordinal);
        Assert.Empty(_dpf.Left);
    }

    [Fact]
    public async Task ALabThatIsNotUpCannotBeKept()
    {
        Directory.CreateDirectory(_dpf.State);
        var (code, _, error) = await _dpf.RunAsync("down --keep-lab");
        Assert.Equal(2, code);
        Assert.Contains("--keep-lab", error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task DownWithoutALabIsDone()
    {
        var (code, output, _) = await _dpf.RunAsync("down");
        Assert.Equal((0, "There is no lab.\n"), (code, output));
        Assert.Empty(_dpf.Left);
    }

    [Fact]
    public async Task OnlyOneMayWorkOnALab()
    {
        using (LabLock.Take(new LabPaths(_dpf.State), "up"))
        {
            var (code, _, error) = await _dpf.RunAsync("down");
            Assert.Equal(1, code);
            Assert.Contains($"another dpf is at work on this lab (up, process {Environment.ProcessId})", error, StringComparison.Ordinal);
        }

        Assert.Equal(0, (await _dpf.RunAsync("down")).Code);
    }

    [Fact]
    public async Task HelpNamesEveryVerb()
    {
        var (code, output, _) = await _dpf.RunAsync("--help");
        Assert.Equal(0, code);
        Assert.All(["up", "down", "env", "traffic", "run", "Examples:"], word => Assert.Contains(word, output, StringComparison.Ordinal));
    }
}
