using Dpf.Guide.Tracing;

namespace Dpf.Guide.Tests.Tracing;

public sealed class PolicyNamesTests
{
    [Fact]
    public async Task WhatAnEgressFirewallDroppedIsNotBlamedOnAPolicy() => Assert.Equal(
        "EgressFirewall team-a/default denies it (direction=Egress k8s.ovn.org/id=EgressFirewall:team-a:1)",
        await PolicyNames.ExplainAsync(null!, null, "Egress", "direction=Egress k8s.ovn.org/id=EgressFirewall:team-a:1", TestContext.Current.CancellationToken));
}
