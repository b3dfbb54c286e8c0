using Dpf.Ovn.Annotations;
using Dpf.Ovn.Dns;
using Dpf.Ovn.Tests.Node;
using Dpf.Ovn.Zone.Applying;
using Dpf.Ovn.Zone.Planning.Policies;
using Dpf.Ovsdb.Models.Northbound;
using Dpf.Ovsdb.Replica;
using Dpf.Runtime.Addressing;
using Dpf.Testing;
using k8s.Models;
using Microsoft.Extensions.Logging.Abstractions;

namespace Dpf.Ovn.Tests.Zone;

/// <summary>A zone's controller between an API server and OVN's databases.</summary>
public sealed class ZoneControllerTests : IAsyncLifetime
{
    private ZoneServers _servers = null!;

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync() => _servers = await ZoneServers.StartAsync(Cancellation);

    public ValueTask DisposeAsync() => _servers.DisposeAsync();

    [Fact]
    public async Task A_pod_that_the_API_server_refuses_keeps_no_other_from_its_port()
    {
        await using var world = await AgentWorld.StartAsync("10.233.64.0/24", "good");
        await world.AddPodAsync("bad");
        await world.AddPodAsync("good");

        await RunAsync(world, async () =>
        {
            await PortAsync("default_good");
            await TellsAsync(world, "bad", "pods \"bad\" is forbidden");
        });

        Assert.DoesNotContain(_servers.Databases.North.Replica.Current.All<LogicalSwitchPort>(), p => p.Name == "default_bad");
    }

    /// <summary>A subnet of four addresses, of which none is left for pods.</summary>
    [Fact]
    public async Task A_full_subnet_keeps_the_zone_from_nothing_else()
    {
        await using var world = await AgentWorld.StartAsync("10.233.64.0/30", "a");
        await world.AddPodAsync("a");

        await RunAsync(world, async () =>
        {
            await PortAsync("k8s-worker1");
            await TellsAsync(world, "a", "the subnet 10.233.64.0/30 of node worker1 has no free address");
        });
    }

    /// <summary>A port that is in no group for a moment is open for that moment.</summary>
    [Fact]
    public async Task A_new_pods_port_comes_with_the_groups_that_its_policies_are_about()
    {
        await using var world = await AgentWorld.StartAsync("10.233.64.0/24", "a");
        await world.Cluster.ApplyAsync(DenyAll);
        var came = new TaskCompletionSource<bool>();
        using var changes = _servers.Databases.North.Replica.Subscribe(change =>
        {
            if (change.After.All<LogicalSwitchPort>().Any(p => p.Name == "default_a"))
            {
                came.TrySetResult(IsIsolated(change.After, "default_a"));
            }
        });

        await RunAsync(world, async () =>
        {
            await PortAsync("k8s-worker1");
            await world.AddPodAsync("a");
            Assert.True(await came.Task.WaitAsync(TimeSpan.FromSeconds(30), Cancellation));
        });
    }

    /// <summary>Whoever may write a pod must not take its policies or its connection from it by that.</summary>
    [Theory]
    [InlineData(null)]
    [InlineData("rubbish")]
    public async Task A_pod_that_says_its_address_no_more_keeps_it_and_what_its_policies_say(string? overwritten)
    {
        await using var world = await AgentWorld.StartAsync("10.233.64.0/24", "a", "b");
        await world.Cluster.ApplyAsync(DenyAll);
        await RunAsync(world, async () =>
        {
            await world.AddPodAsync("a");
            await world.AddPodAsync("b");
            var said = (await SaysAsync(world, "a"))!;
            await SaysAsync(world, "b");
            await PortAsync("default_a");

            await world.Cluster.Client.AnnotateAsync<V1Pod>(
                "default", "a", [KeyValuePair.Create(PodNetwork.Annotation, overwritten)], Cancellation);

            Assert.Equal(said, await SaysAsync(world, "a"));
            await Eventually.SeeAsync(() => IsIsolated(_servers.Databases.North.Replica.Current, "default_a"));
        });
    }

    /// <summary>The first pass of a zone that begins anew must not open what is denied by name, though no server answers it.</summary>
    [Fact]
    public async Task The_last_answers_for_names_outlive_the_agent()
    {
        await OvsdbServer.RunAsync(
            Cancellation, "ovn-nbctl", $"--db=unix:{_servers.North.Socket}", "create", "Address_Set", "name=a1", "addresses=192.0.2.7",
            """external_ids={"k8s.ovn.org/id"="DnsName:site.example"}""");
        await using var world = await AgentWorld.StartAsync("10.233.64.0/24", "a");
        await world.Cluster.ApplyAsync("""
            apiVersion: k8s.ovn.org/v1
            kind: EgressFirewall
            metadata: {name: default, namespace: default}
            spec: {egress: [{type: Deny, to: {dnsName: Site.example.}}]}
            """);
        await world.AddPodAsync("a");

        // Twice: what the first run was told by the database, it has to leave there.
        for (var run = 0; run < 2; run++)
        {
            await RunAsync(world, () => Eventually.SeeAsync(
                () => _servers.Databases.North.Replica.Current.All<Acl>().Any(a => a.Match.Contains("ip4.dst == 192.0.2.7", StringComparison.Ordinal))));
            Assert.Equal(
                [IpAddress.Parse("192.0.2.7")],
                Assert.Single(NameSets.Read(_servers.Databases.North.Replica.Current), n => n.Key == "site.example").Value);
        }
    }

    private const string DenyAll = """
        apiVersion: networking.k8s.io/v1
        kind: NetworkPolicy
        metadata: {name: deny, namespace: default}
        spec: {podSelector: {}, policyTypes: [Ingress]}
        """;

    private static bool IsIsolated(Snapshot north, string port) =>
        north.All<PortGroup>().Any(g => north.Follow<LogicalSwitchPort>(g.Ports).Any(p => p.Name == port));

    private static async Task<string?> SaysAsync(AgentWorld world, string pod)
    {
        string? said = null;
        await Eventually.SeeAsync(
            () => world.Cluster.Client.GetAsync<V1Pod>("default", pod, Cancellation),
            p => PodNetwork.Read(p!.Metadata.Annotations) is not null && (said = p.Metadata.Annotations[PodNetwork.Annotation]) is not null);
        return said;
    }

    private async Task RunAsync(AgentWorld world, Func<Task> look)
    {
        var forwarder = new DnsForwarder(world.Machine, () => [], TimeProvider.System);
        var controller = new ZoneController(
            "worker1", Sample.Network, world.Node.Cache, _servers.Databases, forwarder, TimeProvider.System, NullLogger.Instance);
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(Cancellation);
        var running = controller.RunAsync(stop.Token);
        await look();
        await stop.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => running);
    }

    private Task PortAsync(string name) => Eventually.SeeAsync(
        () => _servers.Databases.North.Replica.Current.All<LogicalSwitchPort>().Any(p => p.Name == name));

    private static Task TellsAsync(AgentWorld world, string pod, string words) => Eventually.SeeAsync(
        () => world.Cluster.Client.ListAsync<Corev1Event>("default", Cancellation),
        events => events.Any(e => e.InvolvedObject.Name == pod && e.Reason == "ErrorAllocatingPodIP" && e.Message.Contains(words, StringComparison.Ordinal)));
}
