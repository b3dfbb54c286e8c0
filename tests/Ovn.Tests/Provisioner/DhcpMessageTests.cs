using Dpf.Ovn.Provisioner;
using Dpf.Runtime.Addressing;
using FsCheck.Xunit;

namespace Dpf.Ovn.Tests.Provisioner;

public sealed class DhcpMessageTests
{
    private const uint Transaction = 0x01020304;
    private static readonly byte[] Mac = [0x0a, 0x58, 0, 0, 0, 1];
    private static readonly byte[] Ack = [53, 1, 5];
    private static readonly byte[] Server = [54, 4, 10, 0, 123, 254];
    private static readonly byte[] Mask = [1, 4, 255, 255, 255, 0];

    [Fact]
    public void ALeaseIsRead()
    {
        var (type, lease) = DhcpMessage.Read(
            Message([.. Ack, .. Server, .. Mask, 0, 51, 4, 0, 0, 14, 16, 26, 2, 5, 180, 121, 9, 32, 169, 254, 99, 100, 10, 0, 123, 254, 255]),
            Transaction)!.Value;

        Assert.Equal(5, type);
        Assert.Equal((Cidr.Parse("10.0.123.11/24"), IpAddress.Parse("10.0.123.254")), (lease.Address, lease.Server));
        Assert.Equal((TimeSpan.FromHours(1), (int?)1460), (lease.Duration, lease.Mtu));
        Assert.Equal([new DhcpRoute(Cidr.Parse("169.254.99.100/32"), IpAddress.Parse("10.0.123.254"))], lease.Routes);
    }

    /// <summary>The examples of RFC 3442: as many octets as the prefix has begun.</summary>
    [Theory]
    [InlineData(new byte[] { 0, 10, 0, 0, 1 }, "0.0.0.0/0")]
    [InlineData(new byte[] { 8, 10, 10, 0, 0, 1 }, "10.0.0.0/8")]
    [InlineData(new byte[] { 24, 10, 0, 0, 10, 0, 0, 1 }, "10.0.0.0/24")]
    [InlineData(new byte[] { 16, 10, 17, 10, 0, 0, 1 }, "10.17.0.0/16")]
    [InlineData(new byte[] { 25, 10, 229, 0, 128, 10, 0, 0, 1 }, "10.229.0.128/25")]
    [InlineData(new byte[] { 32, 10, 198, 122, 47, 10, 0, 0, 1 }, "10.198.122.47/32")]
    [InlineData(new byte[] { 12, 172, 17, 10, 0, 0, 1 }, "172.16.0.0/12")]
    public void ARouteIsReadAtEveryLength(byte[] option, string destination) =>
        Assert.Equal([new DhcpRoute(Cidr.Parse(destination), IpAddress.Parse("10.0.0.1"))], DhcpMessage.Routes(option));

    [Theory]
    [InlineData(new byte[] { 33, 10, 0, 0, 0, 0, 10, 0, 0, 1 }, 0)]
    [InlineData(new byte[] { 24, 10, 0 }, 0)]
    [InlineData(new byte[] { 8, 10, 10, 0, 0, 1, 24 }, 1)]
    [InlineData(new byte[] { 8, 10, 10, 0, 0, 1, 255, 1, 2, 3, 4 }, 1)]
    [InlineData(new byte[0], 0)]
    public void AfterABrokenRouteNothingIsBelieved(byte[] option, int routes) => Assert.Equal(routes, DhcpMessage.Routes(option).Count);

    [Fact]
    public void AnOptionThatIsSplitIsOne()
    {
        var (_, lease) = DhcpMessage.Read(
            Message([.. Ack, .. Server, .. Mask, 121, 3, 8, 10, 10, 121, 3, 0, 0, 1, 255]), Transaction)!.Value;
        Assert.Equal([new DhcpRoute(Cidr.Parse("10.0.0.0/8"), IpAddress.Parse("10.0.0.1"))], lease.Routes);
    }

    [Fact]
    public void MessagesForOthersAndTruncatedOnesAreNone()
    {
        var good = Message([.. Ack, .. Server, .. Mask, 255]);
        Assert.NotNull(DhcpMessage.Read(good, Transaction));
        Assert.Null(DhcpMessage.Read(good, Transaction + 1));
        Assert.Null(DhcpMessage.Read(DhcpMessage.Discover(Transaction, Mac), Transaction));
        for (var length = 0; length < 243; length++)
        {
            Assert.Null(DhcpMessage.Read(good.AsSpan(0, length), Transaction));
        }

        good[236] = 0;
        Assert.Null(DhcpMessage.Read(good, Transaction));
    }

    [Theory]
    [InlineData(new byte[] { 53, 2, 5, 5, 54, 4, 10, 0, 0, 1 })]
    [InlineData(new byte[] { 54, 4, 10, 0, 0, 1 })]
    [InlineData(new byte[] { 53, 1, 5 })]
    [InlineData(new byte[] { 53, 1, 5, 54, 3, 10, 0, 0 })]
    [InlineData(new byte[] { 53, 1, 5, 54, 4, 10, 0, 0, 1, 1, 3, 255, 255, 255 })]
    [InlineData(new byte[] { 53, 1, 5, 54, 4, 10, 0, 0, 1, 1, 4, 255, 0, 255, 0 })]
    [InlineData(new byte[] { 53, 1, 5, 54, 4, 10, 0, 0, 1, 1, 4, 0, 0, 0, 0 })]
    public void OptionsThatMakeNoSenseSpoilTheMessage(byte[] options) => Assert.Null(DhcpMessage.Read(Message(options), Transaction));

    [Fact]
    public void AnOptionThatReachesBeyondTheEndIsNotRead() =>
        Assert.Empty(DhcpMessage.Read(Message([.. Ack, .. Server, .. Mask, 121, 9, 8, 10]), Transaction)!.Value.Lease.Routes);

    [Property(MaxTest = 1000)]
    public void NoOptionsBreakTheReader(byte[] options) => _ = DhcpMessage.Read(Message([.. Ack, .. Server, .. options]), Transaction);

    [Property]
    public void NoRoutesBreakTheReader(byte[] option) => Assert.All(
        DhcpMessage.Routes(option), r => Assert.Equal(r.Destination.Network, r.Destination));

    [Fact]
    public void ARequestNamesTheAddressAndTheServer()
    {
        var request = DhcpMessage.Request(Transaction, Mac, IpAddress.Parse("10.0.123.11"), IpAddress.Parse("10.0.123.254"));
        Assert.Equal([1, 1, 6, 0, 1, 2, 3, 4], request[..8]);
        Assert.Equal(Mac, request[28..34]);
        Assert.Equal([99, 130, 83, 99, 53, 1, 3, 50, 4, 10, 0, 123, 11, 54, 4, 10, 0, 123, 254], request[236..255]);
        Assert.Equal(255, request[^1]);
    }

    /// <summary>A server's message about 10.0.123.11.</summary>
    private static byte[] Message(byte[] options)
    {
        var header = new byte[240];
        (header[0], header[1], header[2]) = (2, 1, 6);
        ((byte[])[1, 2, 3, 4]).CopyTo(header, 4);
        ((byte[])[10, 0, 123, 11]).CopyTo(header, 16);
        ((byte[])[99, 130, 83, 99]).CopyTo(header, 236);
        return [.. header, .. options];
    }
}
