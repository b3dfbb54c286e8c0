using System.Text.Json.Nodes;
using Dpf.Api.ThirdParty.AdminPolicies;
using Dpf.Api.ThirdParty.OvnKubernetes;
using Dpf.Ovn.Annotations;
using k8s;

namespace Dpf.Ovn.ClusterManager;

/// <summary>What has to change in the status of a policy so that it speaks of the zones that there are: pure; null for nothing.</summary>
internal static class ZoneReports
{
    /// <summary>
    /// A firewall's status sums up: it failed when it did in one zone, is applied when all zones say so, and else nothing is known.
    /// </summary>
    public static JsonObject? Correct(EgressFirewallStatus? status, IReadOnlySet<string> zones)
    {
        var messages = status?.Messages ?? [];
        var kept = messages.Where(m => zones.Contains(ZoneReport.ZoneOf(m))).ToList();
        var sum = kept.Any(m => m.Contains(ZoneReport.FirewallFailed, StringComparison.Ordinal)) ? ZoneReport.FirewallFailed
            : zones.Count > 0 && zones.SetEquals(kept.Select(ZoneReport.ZoneOf)) ? ZoneReport.FirewallApplied
            : null;
        var patch = new JsonObject();
        if (kept.Count < messages.Count)
        {
            patch["messages"] = new JsonArray([.. kept.Select(m => JsonValue.Create(m))]);
        }

        if (sum != status?.Status)
        {
            patch["status"] = sum;
        }

        return patch.Count > 0 ? patch : null;
    }

    /// <summary>An administrator's policy has a condition for each zone, and perhaps others that are not zones'.</summary>
    public static JsonObject? Correct(AdminPolicyStatus? status, IReadOnlySet<string> zones)
    {
        var conditions = status?.Conditions ?? [];
        var kept = conditions.Where(c => ZoneReport.ZoneOf(c) is not { } zone || zones.Contains(zone)).ToList();
        return kept.Count < conditions.Count
            ? new JsonObject { ["conditions"] = JsonNode.Parse(KubernetesJson.Serialize(kept)) }
            : null;
    }
}
