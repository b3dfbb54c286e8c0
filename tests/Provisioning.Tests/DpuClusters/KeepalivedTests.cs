using Dpf.Api.Provisioning;
using Dpf.Provisioning.DpuClusters.VirtualAddresses;
using Dpf.Provisioning.Tests.World;
using Dpf.Runtime.Hosting;
using Dpf.Runtime.Machines;
using k8s.Models;
using Microsoft.AspNetCore.Builder;

namespace Dpf.Provisioning.Tests.DpuClusters;

public sealed class KeepalivedTests
{
    private const int Port = 31000;
    private static readonly Keepalived Endpoint = new() { Interface = "eth0", Vip = "10.0.110.200", VirtualRouterId = 126 };

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public void A_node_gets_its_own_configuration()
    {
        var text = KeepalivedConfiguration.Render(KeepalivedConfiguration.Template(Endpoint), "pod-1", "10.0.110.7", "/run/x");

        foreach (var line in (string[])
            ["router_id pod-1", "file \"/run/x\"", "interface eth0", "virtual_router_id 126", "priority 7", "state BACKUP", "10.0.110.200"])
        {
            Assert.Contains(line, text, StringComparison.Ordinal);
        }

        Assert.DoesNotContain("$", text, StringComparison.Ordinal);
        Assert.Throws<FormatException>(() => KeepalivedConfiguration.Render("${OTHER}", "p", "10.0.0.1", "f"));
    }

    [Theory]
    [InlineData("10.0.110.200", "eth1", 7, "has the address 10.0.110.200 already")]
    [InlineData("10.0.110.201", "eth0", 126, "has virtualRouterID 126 on eth0 already")]
    [InlineData("10.0.110.201", "eth1", 126, null)]
    [InlineData("10.0.110.201", "eth0", 127, null)]
    public void The_younger_of_two_clusters_that_would_take_an_address_from_one_another_waits(
        string vip, string device, int router, string? problem)
    {
        var older = Cluster("a", 1, Endpoint);
        var younger = Cluster("b", 2, new Keepalived { Vip = vip, Interface = device, VirtualRouterId = router });

        var found = KeepalivedObjects.Conflict(younger, [older, younger]);

        Assert.Null(KeepalivedObjects.Conflict(older, [older, younger]));
        Assert.Equal(problem is null, found is null);
        Assert.Contains(problem ?? "", found ?? "", StringComparison.Ordinal);
    }

    [Fact]
    public void Of_two_clusters_made_in_the_same_second_the_one_whose_name_is_first_has_the_address()
    {
        foreach (var (first, second) in new[] { ("1", "2"), ("2", "1") })
        {
            var (a, b) = (Cluster("a", 1, Endpoint), Cluster("b", 1, Endpoint));
            (a.Metadata.Uid, b.Metadata.Uid) = (first, second);

            Assert.Null(KeepalivedObjects.Conflict(a, [b, a]));
            Assert.NotNull(KeepalivedObjects.Conflict(b, [b, a]));
        }
    }

    [Theory]
    [InlineData("10.0.110.0", 1)]
    [InlineData("10.0.110.255", 254)]
    [InlineData("10.0.110.42", 42)]
    public void A_priority_stays_within_what_the_protocol_leaves_to_backups(string address, int priority) =>
        Assert.Equal(priority, KeepalivedConfiguration.Priority(address));

    [Fact]
    public void The_first_look_decides_and_then_one_lost_packet_moves_no_address()
    {
        using var check = new ControlPlaneCheck(TestContexts.Here("check"), new Uri("http://127.0.0.1:1/"));

        // Looks, and whether the control plane is taken to answer after each.
        (bool Answered, bool IsAlive)[] looks =
        [
            (true, true), (false, true), (true, true), (false, true), (false, false), (true, false), (true, false), (false, false),
            (true, false), (true, false), (true, true),
        ];
        foreach (var (answered, isAlive) in looks)
        {
            var before = check.IsAlive;
            Assert.Equal(before != isAlive, check.Count(answered));
            Assert.Equal(isAlive, check.IsAlive);
        }
    }

    [Fact]
    public async Task The_address_comes_when_the_control_plane_answers_and_goes_when_it_does_not()
    {
        Assert.SkipUnless(Environment.IsPrivilegedProcess, "needs root");
        await using var node = await TestMachine.StartAsync(Cancellation);
        await node.ShellAsync("ip link add eth0 type veth peer name peer; ip link set eth0 up; ip link set peer up; ip addr add 10.0.110.1/24 dev eth0");
        node.Write("/mnt/template/keepalived.conf", KeepalivedConfiguration.Template(Endpoint));
        node.Run(new KeepalivedComponent(), node.Context(
            "keepalived",
            new Dictionary<string, string> { ["NODE_IP"] = "10.0.110.1", ["POD_NAME"] = "keepalived-x" },
            arguments: ["--config=/mnt/template/keepalived.conf", $"--check=http://10.0.110.1:{Port}/healthz"]));
        await WhileAnsweringAsync(
            node, () => Eventually.SeeAsync(() => AddressesAsync(node), text => text.Contains("10.0.110.200", StringComparison.Ordinal)));
        await Eventually.SeeAsync(() => AddressesAsync(node), text => !text.Contains("10.0.110.200", StringComparison.Ordinal));
        await node.StopAsync();
        await Eventually.SeeAsync(() => node.Machine.RunAsync(new MachineCommand("pgrep", "keepalived"), Cancellation), found => found.Output.Length == 0);
    }

    private static DpuCluster Cluster(string name, int second, Keepalived keepalived) => new()
    {
        Metadata = new V1ObjectMeta
        {
            Name = name, NamespaceProperty = "ns", Uid = name, CreationTimestamp = new DateTime(2024, 11, 1, 0, 0, second, DateTimeKind.Utc),
        },
        Spec = new DpuClusterSpec { Type = "kamaji", ClusterEndpoint = new ClusterEndpoint { Keepalived = keepalived } },
    };

    private static async Task WhileAnsweringAsync(TestMachine node, Func<Task> act)
    {
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(Cancellation);
        var answering = ComponentServer.ServeAsync(node.Context("server"), Port, app => app.MapGet("/healthz", () => "ok"), stop.Token);
        await act();
        await stop.CancelAsync();
        await answering.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
    }

    private static Task<string> AddressesAsync(TestMachine node) => node.ShellAsync("ip -4 -o addr show dev eth0");
}
