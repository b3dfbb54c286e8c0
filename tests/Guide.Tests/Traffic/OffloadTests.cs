using Dpf.Guide.Traffic;

namespace Dpf.Guide.Tests.Traffic;

public sealed class OffloadTests
{
    private const string Ports =
        """
        OFPST_PORT reply (xid=0x2): 1 ports
          port  5: rx pkts=7, bytes=700, drop=0, errs=0, frame=0, over=0, crc=0
                   tx pkts=3, bytes=33, drop=0, errs=0, coll=0
        """;

    [Fact]
    public void BytesAreCountedAtThePortInTheHardwareAndInTheHostsNetwork()
    {
        Assert.Equal(733, OffloadCounters.Representor(Ports));
        Assert.Null(OffloadCounters.Hardware(Ports));
        Assert.Equal(30, OffloadCounters.Hardware(Ports + "\n     vport_rx_packets: 4\n     vport_rx_bytes: 10\n     vport_tx_bytes: 20\n"));
        Assert.Equal(
            1000 + 20,
            OffloadCounters.Host(
                """
                Inter-|   Receive                                                |  Transmit
                 face |bytes    packets errs drop fifo frame compressed multicast|bytes    packets errs drop fifo colls carrier compressed
                    lo: 999999 5 0 0 0 0 0 0 999999 5 0 0 0 0 0 0
                  eth0: 1000 5 0 0 0 0 0 0 20 5 0 0 0 0 0 0
                """));
    }

    [Theory]
    [InlineData(0, 1100, null, "software", true)]
    [InlineData(0, 5, 1100L, "hardware", true)]
    [InlineData(0, 1100, 1100L, "software", true)]
    [InlineData(0, 5, null, null, false)]
    [InlineData(0, 5, 5L, null, false)]
    [InlineData(900, 1100, null, "software", false)]
    public void ItIsProvenWhenTheDpuCountedThePayloadAndTheHostDidNot(long host, long representor, long? hardware, string? by, bool isProven)
    {
        var proof = new OffloadProof("w", 1000, host, representor, hardware);
        Assert.Equal((by, isProven), (proof.By, proof.IsOffloaded));
    }
}
