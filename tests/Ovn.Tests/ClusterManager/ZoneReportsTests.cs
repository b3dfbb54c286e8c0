using Dpf.Api.ThirdParty.AdminPolicies;
using Dpf.Api.ThirdParty.OvnKubernetes;
using Dpf.Ovn.Annotations;
using Dpf.Ovn.ClusterManager;
using k8s.Models;

namespace Dpf.Ovn.Tests.ClusterManager;

/// <summary>What zones say of policies, and its sum.</summary>
public sealed class ZoneReportsTests
{
    private static readonly HashSet<string> Zones = ["worker1", "worker2"];
    private static readonly DateTimeOffset Before = new(2024, 11, 1, 0, 0, 0, TimeSpan.Zero);

    [Fact]
    public void AFirewallIsAppliedWhenAllZonesSaySo()
    {
        Assert.Null(ZoneReports.Correct(Said("worker1"), Zones));
        Assert.Equal("""{"status":"EgressFirewall Rules applied"}""", ZoneReports.Correct(Said("worker1", "worker2"), Zones)!.ToJsonString());

        var done = Said("worker1", "worker2");
        done.Status = ZoneReport.FirewallApplied;
        Assert.Null(ZoneReports.Correct(done, Zones));
        Assert.Equal("""{"status":null}""", ZoneReports.Correct(done, new HashSet<string>(["worker1", "worker2", "worker3"]))!.ToJsonString());
    }

    [Fact]
    public void AFirewallFailedWhenOneZoneSaysSo()
    {
        var status = new EgressFirewallStatus { Messages = [ZoneReport.MessageOf("worker1", []), ZoneReport.MessageOf("worker2", ["spec.egress[0].to: no"])] };

        Assert.Equal("worker2: EgressFirewall Rules not correctly added: spec.egress[0].to: no", status.Messages[1]);
        Assert.Equal("""{"status":"EgressFirewall Rules not correctly added"}""", ZoneReports.Correct(status, Zones)!.ToJsonString());
    }

    [Fact]
    public void WordsOfZonesThatAreGoneGoToo()
    {
        Assert.Equal(
            """{"messages":["worker1: EgressFirewall Rules applied","worker2: EgressFirewall Rules applied"],"status":"EgressFirewall Rules applied"}""",
            ZoneReports.Correct(Said("worker1", "worker9", "worker2"), Zones)!.ToJsonString());

        var status = new AdminPolicyStatus
        {
            Conditions = [ZoneReport.Of("worker1", [], 1, null, Before), ZoneReport.Of("worker9", [], 1, null, Before), new V1Condition { Type = "Other" }],
        };
        Assert.Equal(
            ["Ready-In-Zone-worker1", "Other"],
            ZoneReports.Correct(status, Zones)!["conditions"]!.AsArray().Select(c => (string?)c!["type"]));
        Assert.Null(ZoneReports.Correct(new AdminPolicyStatus { Conditions = [status.Conditions[0]] }, Zones));
    }

    [Fact]
    public void AConditionRemembersSinceWhenItHolds()
    {
        var first = ZoneReport.Of("worker1", [], 1, null, Before);
        var second = ZoneReport.Of("worker1", [], 2, first, Before.AddHours(1));
        var third = ZoneReport.Of("worker1", ["spec.egress[0]: no"], 3, second, Before.AddHours(2));

        Assert.Equal(("True", "SetupSucceeded", Before.UtcDateTime), (second.Status, second.Reason, second.LastTransitionTime));
        Assert.Equal(("False", "SetupFailed", "spec.egress[0]: no"), (third.Status, third.Reason, third.Message));
        Assert.Equal(Before.AddHours(2).UtcDateTime, third.LastTransitionTime);
    }

    private static EgressFirewallStatus Said(params string[] zones) => new() { Messages = [.. zones.Select(z => ZoneReport.MessageOf(z, []))] };
}
