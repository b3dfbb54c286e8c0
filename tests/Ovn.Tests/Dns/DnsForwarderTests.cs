using System.Net;
using System.Net.Sockets;
using Dpf.Ovn.Dns;
using Dpf.Runtime.Addressing;
using Dpf.Testing;

namespace Dpf.Ovn.Tests.Dns;

/// <summary>Name servers at addresses of a machine of the test's own, which answer as they are told.</summary>
public sealed class DnsForwarderTests : IAsyncLifetime
{
    private static readonly DnsAnswer Known = new(
        DnsCode.NoError, [new DnsRecord("example.org", new DnsAddress(IpAddress.Parse("198.51.100.7")), 60)]);

    private readonly CancellationTokenSource _stop = new();
    private readonly List<Task> _servers = [];
    private readonly List<IPAddress> _addresses = [];
    private NamespaceMachine _machine = null!;

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync() => _machine = await NamespaceMachine.StartAsync(Cancellation);

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        await Task.WhenAll(_servers).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        _stop.Dispose();
        await _machine.DisposeAsync();
    }

    [Theory]
    [InlineData(DnsCode.ServerFailure)]
    [InlineData(DnsCode.Refused)]
    public async Task A_server_that_does_not_know_is_no_answer_and_the_next_is_asked(DnsCode code)
    {
        Serve("127.0.0.2", new DnsAnswer(code, []));
        Assert.Null(await ResolveAsync());

        Serve("127.0.0.3", Known);
        Assert.Equal(["198.51.100.7"], await ResolveAsync());
    }

    [Fact]
    public async Task What_every_server_refuses_is_told_as_the_first_told_it()
    {
        Serve("127.0.0.2", new DnsAnswer(DnsCode.Refused, []));
        Serve("127.0.0.3", new DnsAnswer(DnsCode.ServerFailure, []));
        var query = DnsMessage.WriteQuery(7, new DnsQuestion("example.org", DnsType.A));
        Assert.Equal(DnsCode.Refused, DnsMessage.ReadCode(await Forwarder.ForwardAsync(query, overTcp: false, Cancellation)));
    }

    [Fact]
    public async Task A_name_that_does_not_exist_has_no_addresses()
    {
        Serve("127.0.0.2", new DnsAnswer(DnsCode.NoSuchName, []));
        Assert.Equal([], await ResolveAsync());
    }

    [Fact]
    public async Task What_does_not_fit_a_datagram_is_asked_for_over_TCP()
    {
        Serve("127.0.0.2", Known, datagram: 0);
        Assert.Equal(["198.51.100.7"], await ResolveAsync());
    }

    private DnsForwarder Forwarder => new(_machine.Network, () => _addresses, TimeProvider.System);

    private async Task<IEnumerable<string>?> ResolveAsync() =>
        (await Forwarder.ResolveAsync("example.org", IpFamily.V4, Cancellation))?.Select(a => a.Address.ToString()).ToList();

    /// <summary>Adds a server.</summary>
    /// <param name="address">Where.</param>
    /// <param name="answer">What it answers.</param>
    /// <param name="datagram">How much of that a datagram takes.</param>
    private void Serve(string address, DnsAnswer answer, int datagram = 512)
    {
        var at = new IPEndPoint(IPAddress.Parse(address), 53);
        var datagrams = _machine.Network.CreateSocket(AddressFamily.InterNetwork, SocketType.Dgram, ProtocolType.Udp);
        var connections = _machine.Network.CreateSocket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        datagrams.Bind(at);
        connections.Bind(at);
        connections.Listen();
        _addresses.Add(at.Address);
        _servers.Add(DatagramsAsync(datagrams, answer, datagram));
        _servers.Add(ConnectionsAsync(connections, answer));
    }

    private async Task DatagramsAsync(Socket socket, DnsAnswer answer, int limit)
    {
        using var _ = socket;
        var buffer = new byte[512];
        while (true)
        {
            var got = await socket.ReceiveFromAsync(buffer, new IPEndPoint(IPAddress.Any, 0), _stop.Token);
            var query = DnsMessage.ReadQuery(buffer.AsSpan(0, got.ReceivedBytes))!;
            await socket.SendToAsync(DnsMessage.WriteAnswer(query, answer, limit), got.RemoteEndPoint, _stop.Token);
        }
    }

    private async Task ConnectionsAsync(Socket listener, DnsAnswer answer)
    {
        using var _ = listener;
        while (true)
        {
            using var connection = await listener.AcceptAsync(_stop.Token);
            await using var stream = new NetworkStream(connection);
            var query = DnsMessage.ReadQuery(await DnsStream.ReadAsync(stream, _stop.Token))!;
            await DnsStream.WriteAsync(stream, DnsMessage.WriteAnswer(query, answer, ushort.MaxValue), _stop.Token);
        }
    }
}
