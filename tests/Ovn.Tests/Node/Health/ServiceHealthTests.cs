using System.Net;
using System.Net.Sockets;
using Dpf.Ovn.Node.Health;
using Dpf.Ovn.Zone.Planning;
using Dpf.Runtime.Addressing;
using Dpf.Testing;
using Microsoft.Extensions.Logging.Abstractions;

namespace Dpf.Ovn.Tests.Node.Health;

/// <summary>What balancers outside are told of services with the external traffic policy Local.</summary>
public sealed class ServiceHealthTests
{
    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public void A_nodes_own_ready_endpoints_count_each_once()
    {
        ZoneEndpoint[] endpoints =
        [
            Endpoint("10.233.64.4", "worker1"), Endpoint("fd00:10:233:1::4", "worker1"), Endpoint("10.233.64.5", "worker1"),
            Endpoint("10.233.64.6", "worker1") with { IsReady = false }, Endpoint("10.233.65.9", "worker2"),
        ];
        var port = Sample.Port(30080) with { Candidates = endpoints };
        var service = Sample.Service(port, port with { Port = 443, Candidates = [.. endpoints.Select(e => e with { Port = 8443 })] });

        Assert.Empty(ServiceHealth.Of([service], "worker1"));
        var (at, health) = Assert.Single(ServiceHealth.Of([service with { HealthCheckPort = 31000 }], "worker1"));
        Assert.Equal((31000, 200), (at, health.Status));
        Assert.Equal("""{"service":{"namespace":"default","name":"traffic"},"localEndpoints":2}""", health.Text);
        Assert.Equal(503, ServiceHealth.Of([service with { HealthCheckPort = 31000 }], "worker3")[31000].Status);
    }

    [Fact]
    public async Task Listeners_come_and_go_with_the_services_and_say_what_is_so_now()
    {
        using var machine = new FolderMachine();
        await using var server = Server(machine);
        var (port, other) = (FreePort(), FreePort());
        await AnswersAsync(
            server, [Service("a", port, "10.233.64.4"), Service("b", other)], port, 200, """{"service":{"namespace":"default","name":"a"},"localEndpoints":1}""");
        await AnswersAsync(
            server, [Service("a", port), Service("b", other)], other, 503, """{"service":{"namespace":"default","name":"b"},"localEndpoints":0}""");

        await server.ApplyAsync([Service("a", port)]);
        Assert.Equal(503, (await AskAsync(port))?.Status);
        Assert.Null(await AskAsync(other));
    }

    [Fact]
    public async Task A_port_that_is_taken_stops_nothing_else_and_is_served_once_it_is_free()
    {
        using var machine = new FolderMachine();
        await using var server = Server(machine);
        using var taken = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        taken.Bind(new IPEndPoint(IPAddress.Any, 0));
        taken.Listen();
        var (port, other) = (((IPEndPoint)taken.LocalEndPoint!).Port, FreePort());
        ZoneService[] services = [Service("a", port, "10.233.64.4"), Service("b", other, "10.233.64.4")];
        await AnswersAsync(server, services, other, 200, """{"service":{"namespace":"default","name":"b"},"localEndpoints":1}""");

        taken.Dispose();
        await AnswersAsync(server, services, port, 200, """{"service":{"namespace":"default","name":"a"},"localEndpoints":1}""");
    }

    /// <summary>Passes, as the agent makes them, until the port answers so.</summary>
    private static Task AnswersAsync(ServiceHealthServer server, ZoneService[] services, int port, int status, string text) => Eventually.SeeAsync(
        async () =>
        {
            await server.ApplyAsync(services);
            return await AskAsync(port);
        },
        answer => answer == (status, text));

    private static ServiceHealthServer Server(FolderMachine machine) => new(
        AgentPod.Of("ovnkube-node", machine, new Uri("https://127.0.0.1:1"), "", ""), "worker1", NullLogger.Instance);

    private static ZoneService Service(string name, int port, params string[] endpoints) =>
        Sample.Service(Sample.Port(30080, [.. endpoints.Select(e => (e, "worker1"))])) with { Name = name, ExternalLocal = true, HealthCheckPort = port };

    private static ZoneEndpoint Endpoint(string address, string node) => new(IpAddress.Parse(address), 8080, node);

    /// <summary>The answer; null where nobody listens.</summary>
    private static async Task<(int Status, string Text)?> AskAsync(int port)
    {
        using var client = new HttpClient();
        try
        {
            var answer = await client.GetAsync(new Uri($"http://127.0.0.1:{port}/any/path"), Cancellation);
            return ((int)answer.StatusCode, await answer.Content.ReadAsStringAsync(Cancellation));
        }
        catch (HttpRequestException)
        {
            return null;
        }
    }

    private static int FreePort()
    {
        using var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        socket.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        return ((IPEndPoint)socket.LocalEndPoint!).Port;
    }
}
