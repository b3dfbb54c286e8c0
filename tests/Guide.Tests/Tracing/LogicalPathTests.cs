using Dpf.Guide.Tracing;

namespace Dpf.Guide.Tests.Tracing;

public sealed class LogicalPathTests
{
    private static readonly Packet Packet = new("0a:00:00:00:00:04", "0a:00:00:00:00:01", "10.1.1.4", "10.9.0.10", "tcp", 80);
    private static readonly Packet Six = Packet with { Source = "fd00:1::4", Destination = "fd00:9::a" };

    private const string ThroughAServiceToAnotherNode =
        """
        # tcp,reg14=0x4

        ingress(dp="w1", inport="ns_client")
        ------------------------------------
         0. ls_in_check_port_sec (northd.c:1): 1, priority 50, uuid 00000001
            next;

        ct_lb_mark
        ----------
         8. ls_in_acl (northd.c:2): ip && !ct.est, priority 1, uuid 00000002
            next;
        12. ls_in_lb (northd.c:3): ct.new && ip4.dst == 10.9.0.10 && tcp.dst == 80, priority 120, uuid 00000003
            reg0[1] = 0;
            ct_lb_mark(backends=10.1.2.3:8080,10.1.1.9:8080);

        ct_lb_mark /* default (use --ct to customize) */
        ------------------------------------------------
        25. ls_in_l2_lkup (northd.c:4): eth.dst == 0a:00:00:00:00:01, priority 50, uuid 00000004
            outport = "stor-w1";
            output;

        egress(dp="w1", inport="ns_client", outport="stor-w1")
        ------------------------------------------------------
         9. ls_out_apply_port_sec (northd.c:5): 1, priority 0, uuid 00000005
            output;
            /* output to "stor-w1", type "patch" */

        ingress(dp="ovn_cluster_router", inport="rtos-w1")
        --------------------------------------------------
        13. lr_in_ip_routing (northd.c:6): reg7 == 0 && ip4.dst == 10.1.2.0/24, priority 73, uuid 00000006
            ip.ttl--;
            reg0 = 100.88.0.4;
            eth.src = 0a:58:64:58:00:03;
            next;
        17. lr_in_arp_resolve (northd.c:7): reg0 == 100.88.0.4, priority 100, uuid 00000007
            eth.dst = 0a:58:64:58:00:04;
            next;

        egress(dp="ovn_cluster_router", inport="rtos-w1", outport="rtots-w1")
        ---------------------------------------------------------------------
         6. lr_out_delivery (northd.c:8): outport == "rtots-w1", priority 100, uuid 00000008
            output;
            /* output to "rtots-w1", type "patch" */

        ingress(dp="transit_switch", inport="tstor-w1")
        -----------------------------------------------
        25. ls_in_l2_lkup (northd.c:9): eth.dst == 0a:58:64:58:00:04, priority 50, uuid 00000009
            outport = "tstor-w2";
            output;

        egress(dp="transit_switch", inport="tstor-w1", outport="tstor-w2")
        ------------------------------------------------------------------
         9. ls_out_apply_port_sec (northd.c:10): 1, priority 0, uuid 0000000a
            output;
            /* output to "tstor-w2", type "remote" */
        """;

    [Fact]
    public void APacketIsFollowedWithWhatIsDoneToIt()
    {
        var path = LogicalPath.Read(OvnTraceText.Parse(ThroughAServiceToAnotherNode), Packet);
        Assert.Equal(["w1 ns_client>stor-w1", "ovn_cluster_router rtos-w1>rtots-w1", "transit_switch tstor-w1>tstor-w2"], path.Hops.Select(h => $"{h.Datapath} {h.InPort}>{h.Output?.Port}"));
        Assert.Equal([false, true, false], path.Hops.Select(h => h.IsRouter));
        Assert.Equal(["load balancer 10.9.0.10:80 → 10.1.2.3:8080, as well as 10.1.1.9:8080"], path.Hops[0].Facts);
        Assert.Equal(["route 10.1.2.0/24 via 100.88.0.4"], path.Hops[1].Facts);
        Assert.Equal(("tstor-w2", "remote"), path.End);
        Assert.Null(path.Drop);
        Assert.Equal(new Packet("0a:58:64:58:00:03", "0a:58:64:58:00:04", "10.1.1.4", "10.1.2.3", "tcp", 8080, 63), path.Packet);
    }

    [Theory]
    [InlineData(" 4. ls_out_acl (northd.c:1): outport == @a1, priority 2000, uuid a290d3bb\n    drop;", "ls_out_acl", "a290d3bb", true)]
    [InlineData(" 4. ls_out_acl_eval (northd.c:1): outport == @a1, priority 2000, uuid a290d3bb\n    reg8[17] = 1;\n    next;\n 5. ls_out_acl_action (northd.c:1): reg8[17] == 1, priority 1000, uuid 11111111\n    drop;", "ls_out_acl_action", "a290d3bb", true)]
    [InlineData(" 1. ls_in_apply_port_sec (northd.c:1): reg0[15] == 1, priority 50, uuid 955bf7e3\n    drop;", "ls_in_apply_port_sec", "955bf7e3", false)]
    [InlineData("13. lr_in_ip_routing: no match (implicit drop)", "lr_in_ip_routing", "", false)]
    [InlineData(" 1. ls_in_x (northd.c:1): 1, priority 0, uuid 12345678\n    next;", "the end of the pipeline", "", false)]
    public void ADropIsFoundWithTheFlowThatDidIt(string stages, string stage, string flow, bool isPolicy)
    {
        var path = LogicalPath.Read(OvnTraceText.Parse("ingress(dp=\"w1\", inport=\"ns_client\")\n----\n" + stages), Packet);
        Assert.Equal(new LogicalDrop(stage, flow, isPolicy), path.Drop);
        Assert.Null(path.End);
    }

    [Fact]
    public void TowardsTheOutsideTheSourceAndTheNextHopAreKnown()
    {
        var path = LogicalPath.Read(
            OvnTraceText.Parse(
                """
                ingress(dp="GR_w1", inport="rtoj-GR_w1")
                 13. lr_in_ip_routing (northd.c:1): reg7 == 0 && ip4.dst == 0.0.0.0/0, priority 1, uuid 00000001
                    reg0 = 10.0.123.254;
                    next;
                17. lr_in_arp_resolve (northd.c:2): ip4, priority 1, uuid 00000002
                    get_arp(outport, reg0);
                    /* MAC binding to 0e:42:a1:01:02:00. */
                    next;
                ct_snat(ip4.src=10.0.123.67)
                ----------------------------
                 6. lr_out_delivery (northd.c:3): outport == "rtoe-GR_w1", priority 100, uuid 00000003
                    output;
                    /* output to "rtoe-GR_w1", type "l3gateway" */
                """),
            Packet);
        Assert.Equal(["route 0.0.0.0/0 via 10.0.123.254", "source becomes 10.0.123.67"], path.Hops.Single().Facts);
        Assert.Equal(("10.0.123.67", "0e:42:a1:01:02:00"), (path.Packet.Source, path.Packet.EthernetDestination));
    }

    [Fact]
    public void TheWayToTheChosenBackendSaysWhatChoseIt()
    {
        var chosen = LogicalPath.Read(OvnTraceText.Parse(ThroughAServiceToAnotherNode), Packet);
        var forced = LogicalPath.Read(OvnTraceText.Parse("ingress(dp=\"w1\", inport=\"ns_client\")\n /* output to \"ns_server\", type \"\" */"), Packet);
        var path = chosen.FollowedTo(forced);
        Assert.Equal(["load balancer 10.9.0.10:80 → 10.1.2.3:8080, as well as 10.1.1.9:8080"], path.Hops.Single().Facts);
        Assert.Equal(("10.1.2.3", 8080), (path.Packet.Destination, path.Packet.Port));
        Assert.Equal(("ns_server", ""), path.End);
    }

    [Fact]
    public void AServiceOfIPv6IsFollowedToItsBackend()
    {
        var path = LogicalPath.Read(
            OvnTraceText.Parse(
                """
                ingress(dp="w1", inport="ns_client")
                12. ls_in_lb (northd.c:1): ct.new && ip6.dst == fd00:9::a && tcp.dst == 80, priority 120, uuid 00000001
                    ct_lb_mark(backends=[fd00:2::3]:8080,[fd00:1::9]:8080);
                ct_lb_mark
                ----------
                25. ls_in_l2_lkup (northd.c:2): eth.dst == 0a:00:00:00:00:01, priority 50, uuid 00000002
                    /* output to "stor-w1", type "patch" */
                ingress(dp="ovn_cluster_router", inport="rtos-w1")
                13. lr_in_ip_routing (northd.c:3): reg7 == 0 && ip6.dst == fd00:2::/64, priority 193, uuid 00000003
                    ip.ttl--;
                    xxreg0 = fd97::4;
                    next;
                """),
            Six);
        Assert.Equal(["load balancer [fd00:9::a]:80 → [fd00:2::3]:8080, as well as [fd00:1::9]:8080"], path.Hops[0].Facts);
        Assert.Equal(["route fd00:2::/64 via fd97::4"], path.Hops[1].Facts);
        Assert.Equal(("fd00:2::3", 8080, "[fd00:2::3]:8080"), (path.Packet.Destination, path.Packet.Port, path.Packet.To));
    }

    [Fact]
    public void ANeighbourThatIsNotKnownIsAskedForAndTheQuestionIsWhatLeaves()
    {
        var path = LogicalPath.Read(
            OvnTraceText.Parse(
                """
                ingress(dp="GR_w1", inport="rtoj-GR_w1")
                17. lr_in_arp_resolve (northd.c:1): ip6, priority 1, uuid 00000001
                    get_nd(outport, xxreg0);
                    /* No MAC binding. */
                    next;
                21. lr_in_arp_request (northd.c:2): eth.dst == 00:00:00:00:00:00 && ip6, priority 200, uuid 00000002
                    nd_ns { eth.dst = 33:33:ff:01:02:00; ip6.dst = ff02::1:ff01:200; output; };
                nd_ns
                -----
                    eth.dst = 33:33:ff:01:02:00;
                    output;
                ct_snat(ip6.src=fd00:5::1)
                --------------------------
                 6. lr_out_delivery (northd.c:3): outport == "rtoe-GR_w1", priority 100, uuid 00000003
                    /* output to "rtoe-GR_w1", type "l3gateway" */
                ingress(dp="ext_w1", inport="etor-GR_w1")
                multicast(dp="ext_w1", mcgroup="_MC_flood")
                    egress(dp="ext_w1", inport="etor-GR_w1", outport="br-ovn_w1")
                         9. ls_out_apply_port_sec (northd.c:4): 1, priority 0, uuid 00000004
                            /* output to "br-ovn_w1", type "localnet" */
                    egress(dp="ext_w1", inport="etor-GR_w1", outport="etor-GR_w1")
                         9. ls_out_apply_port_sec (northd.c:4): 1, priority 0, uuid 00000004
                            /* output to "etor-GR_w1", type "l3gateway" */
                        ingress(dp="GR_w1", inport="rtoe-GR_w1")
                         3. lr_in_ip_input (northd.c:5): ip4.mcast || ip6.mcast, priority 82, uuid 00000005
                            drop;
                """),
            Six);
        Assert.Equal(("br-ovn_w1", "localnet"), path.End);
        Assert.Null(path.Drop);
        Assert.Equal("fd00:5::1", path.Packet.Source);
        Assert.Equal("in_port=p,icmp6,icmpv6_type=135,icmpv6_code=0,dl_src=0a:00:00:00:00:04,dl_dst=33:33:ff:01:02:00", path.Packet.Flow("p"));
    }

    [Fact]
    public void NothingAtAllIsADrop() => Assert.NotNull(LogicalPath.Read(OvnTraceText.Parse(""), Packet).Drop);
}
