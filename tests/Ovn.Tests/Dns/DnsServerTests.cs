using System.Net;
using System.Net.Sockets;
using Dpf.Ovn.Dns;
using Dpf.Ovn.Zone.Planning;
using Dpf.Runtime.Addressing;
using Dpf.Runtime.Machines;
using FsCheck.Xunit;
using k8s.Models;
using Microsoft.Extensions.Logging.Abstractions;

namespace Dpf.Ovn.Tests.Dns;

/// <summary>The server over real sockets of this machine.</summary>
public sealed class DnsServerTests
{
    private const ushort Id = 4711;

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task AnswersOverUdpAndTcp()
    {
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(Cancellation);
        var port = FreePort();
        var running = Server().RunAsync(port, stop.Token);
        var query = DnsMessage.WriteQuery(Id, new DnsQuestion("web.default.svc.cluster.local", DnsType.A));

        using var udp = new UdpClient();
        udp.Connect(IPAddress.Loopback, port);
        await udp.SendAsync(query, Cancellation);
        var datagram = await udp.ReceiveAsync(Cancellation);
        Assert.Equal([IpAddress.Parse("10.233.0.10")], DnsMessage.ReadAddresses(datagram.Buffer, Id)!.Select(a => a.Address));

        using var tcp = new TcpClient();
        await tcp.ConnectAsync(IPAddress.Loopback, port, Cancellation);
        await DnsStream.WriteAsync(tcp.GetStream(), query, Cancellation);
        await DnsStream.WriteAsync(tcp.GetStream(), query, Cancellation);
        for (var i = 0; i < 2; i++)
        {
            var answer = await DnsStream.ReadAsync(tcp.GetStream(), Cancellation);
            Assert.Equal([IpAddress.Parse("10.233.0.10")], DnsMessage.ReadAddresses(answer, Id)!.Select(a => a.Address));
        }

        await stop.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => running);
    }

    [Fact]
    public async Task WhatIsTooLongForADatagramIsCutAndSaysSo()
    {
        var query = DnsMessage.WriteQuery(Id, new DnsQuestion("many.default.svc.cluster.local", DnsType.A));
        var datagram = (await Server().AnswerAsync(query, overTcp: false, Cancellation))!;
        Assert.True(datagram.Length <= 512);
        Assert.Equal(2, datagram[2] & 2);
        Assert.Empty(DnsMessage.ReadAddresses(datagram, Id)!);
        Assert.Equal(100, DnsMessage.ReadAddresses((await Server().AnswerAsync(query, overTcp: true, Cancellation))!, Id)!.Count);
    }

    [Fact]
    public async Task WithoutAServerToAskForeignNamesFail()
    {
        var answer = (await Server().AnswerAsync(DnsMessage.WriteQuery(Id, new DnsQuestion("example.org", DnsType.A)), overTcp: false, Cancellation))!;
        Assert.Equal((int)DnsCode.ServerFailure, answer[3] & 15);
    }

    [Fact]
    public async Task AnExternalNameOfTheClusterIsFollowedToTheEnd()
    {
        var answer = (await Server().AnswerAsync(
            DnsMessage.WriteQuery(Id, new DnsQuestion("first.default.svc.cluster.local", DnsType.A)), overTcp: false, Cancellation))!;
        Assert.Equal([IpAddress.Parse("10.233.0.10")], DnsMessage.ReadAddresses(answer, Id)!.Select(a => a.Address));
        Assert.Equal(3, answer[7]);
    }

    [Theory]
    [InlineData(8, DnsCode.NoError)]
    [InlineData(9, DnsCode.ServerFailure)]
    public async Task ExternalNamesAreFollowedSoFarOnly(int steps, DnsCode code)
    {
        V1Service[] services = [.. Enumerable.Range(1, steps).Select(i => External($"n{i}", i == steps ? "web" : $"n{i + 1}")), Web];
        var answer = (await Server(services).AnswerAsync(
            DnsMessage.WriteQuery(Id, new DnsQuestion("n1.default.svc.cluster.local", DnsType.A)), overTcp: true, Cancellation))!;
        Assert.Equal(code, DnsMessage.ReadCode(answer));
        Assert.Equal(code == DnsCode.NoError ? 1 : 0, DnsMessage.ReadAddresses(answer, Id)?.Count ?? 0);
    }

    [Property]
    public void NoMessageBreaksTheReader(byte[] message)
    {
        DnsMessage.ReadQuery(message);
        DnsMessage.ReadAddresses(message, 0);
        byte[] query = [.. DnsMessage.WriteQuery(Id, new DnsQuestion("a.b", DnsType.A)).AsSpan(0, 12), .. message];
        DnsMessage.ReadQuery(query);
        query[2] |= 0x80;
        DnsMessage.ReadAddresses(query, Id);
    }

    [Fact]
    public void ServersAreThoseOfTheFile()
    {
        var file = Path.GetTempFileName();
        File.WriteAllText(file, "search a.b\nnameserver 192.0.2.1\n# nameserver 192.0.2.2\nnameserver\tfd00::1\nnameserver 192.0.2.3\n");
        Assert.Equal(["192.0.2.1", "192.0.2.3"], DnsForwarder.Servers(file).Select(a => a.ToString()));
        File.Delete(file);
        Assert.Empty(DnsForwarder.Servers(file));
    }

    private static DnsServer Server()
    {
        V1Service[] services =
        [
            Web,
            External("first", "second"),
            External("second", "web"),
            new V1Service
            {
                Metadata = new V1ObjectMeta { NamespaceProperty = "default", Name = "many" }, Spec = new V1ServiceSpec { ClusterIP = "None" },
            },
        ];
        return Server(services);
    }

    private static V1Service Web => new()
    {
        Metadata = new V1ObjectMeta { NamespaceProperty = "default", Name = "web" }, Spec = new V1ServiceSpec { ClusterIP = "10.233.0.10" },
    };

    private static V1Service External(string name, string target) => new()
    {
        Metadata = new V1ObjectMeta { NamespaceProperty = "default", Name = name },
        Spec = new V1ServiceSpec { Type = "ExternalName", ExternalName = target + ".default.svc.cluster.local" },
    };

    private static DnsServer Server(V1Service[] services)
    {
        var many = new V1EndpointSlice
        {
            AddressType = "IPv4",
            Metadata = new V1ObjectMeta
            {
                NamespaceProperty = "default", Labels = new Dictionary<string, string> { [ServiceFacts.ServiceNameLabel] = "many" },
            },
            Endpoints = [.. Enumerable.Range(1, 100).Select(i => new V1Endpoint { Addresses = [$"10.233.64.{i}"] })],
        };
        var names = ClusterNames.Of("cluster.local", services, [many], []);
        var here = new LocalMachine().Network;
        return new DnsServer(here, () => names, new DnsForwarder(here, () => [], TimeProvider.System), TimeProvider.System, NullLogger.Instance);
    }

    private static int FreePort()
    {
        using var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        socket.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        return ((IPEndPoint)socket.LocalEndPoint!).Port;
    }
}
