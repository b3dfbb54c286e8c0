using Dpf.Runtime.Conditions;
using k8s.Models;

namespace Dpf.Ovn.Annotations;

/// <summary>
/// What a zone says of a policy, in the words of OVN-Kubernetes: for administrators' policies a condition <c>Ready-In-Zone-ZONE</c>, for
/// egress firewalls a message <c>ZONE: EgressFirewall Rules applied</c>.
/// </summary>
public static class ZoneReport
{
    /// <summary>All rules of an egress firewall are in force.</summary>
    public const string FirewallApplied = "EgressFirewall Rules applied";

    /// <summary>Some rule of an egress firewall is not.</summary>
    public const string FirewallFailed = "EgressFirewall Rules not correctly added";

    private const string Condition = "Ready-In-Zone-";

    /// <summary>A zone's condition of an administrator's policy.</summary>
    /// <param name="zone">The zone.</param>
    /// <param name="faults">What of the policy has no effect.</param>
    /// <param name="generation">Of which generation it speaks.</param>
    /// <param name="before">What the zone said before.</param>
    /// <param name="now">The time.</param>
    public static V1Condition Of(string zone, IReadOnlyList<string> faults, long? generation, V1Condition? before, DateTimeOffset now)
    {
        var own = (before is null ? null : new[] { before }).Copy();
        var isWell = faults.Count == 0;
        own.Set(
            ConditionOf(zone), isWell, isWell ? "SetupSucceeded" : "SetupFailed",
            isWell ? "Setting up OVN DB plumbing was successful" : string.Join("; ", faults), generation, now);
        return own[0];
    }

    /// <summary>A zone's message on an egress firewall.</summary>
    public static string MessageOf(string zone, IReadOnlyList<string> faults) =>
        faults.Count == 0 ? $"{zone}: {FirewallApplied}" : $"{zone}: {FirewallFailed}: {string.Join("; ", faults)}";

    /// <summary>The type of a zone's condition.</summary>
    public static string ConditionOf(string zone) => Condition + zone;

    /// <summary>Whose condition it is; null for one that is no zone's.</summary>
    public static string? ZoneOf(V1Condition condition) =>
        condition.Type.StartsWith(Condition, StringComparison.Ordinal) ? condition.Type[Condition.Length..] : null;

    /// <summary>Whose message it is.</summary>
    public static string ZoneOf(string message) => message.Split(':', 2)[0];
}
