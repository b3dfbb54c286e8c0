using System.Text.Json.Nodes;
using Dpf.Api.ThirdParty.AdminPolicies;
using Dpf.Api.ThirdParty.OvnKubernetes;
using Dpf.Ovn.Annotations;
using Dpf.Ovn.Zone.Planning;
using Dpf.Ovn.Zone.Planning.Policies;
using Dpf.Runtime.Clusters;
using Dpf.Runtime.Conditions;
using k8s;
using k8s.Models;

namespace Dpf.Ovn.Zone.Applying;

/// <summary>
/// Writes what the zone has to say of the policies that it has carried out. Every zone applies its own words, so that none has to know of
/// the others'.
/// </summary>
internal sealed class PolicyReports(string zone, KubeClient client, TimeProvider time)
{
    /// <summary>Writes what is not said yet.</summary>
    public async Task WriteAsync(ClusterObjects cluster, CancellationToken cancellation)
    {
        foreach (var policy in cluster.AdminPolicies)
        {
            await WriteAsync(policy, policy.Status, PolicyFaults.Of(policy), cancellation);
        }

        foreach (var policy in cluster.Baselines.Where(b => b.Metadata.Name == BaselineAdminNetworkPolicy.OnlyName))
        {
            await WriteAsync(policy, policy.Status, PolicyFaults.Of(policy), cancellation);
        }

        foreach (var firewall in cluster.EgressFirewalls.Where(f => f.Metadata.Name == EgressFirewall.OnlyName))
        {
            var message = ZoneReport.MessageOf(zone, PolicyFaults.Of(firewall));
            if (firewall.Status?.Messages?.Contains(message) != true)
            {
                await WriteAsync(firewall, new JsonObject { ["messages"] = new JsonArray(message) }, cancellation);
            }
        }
    }

    private async Task WriteAsync<T>(T policy, AdminPolicyStatus? status, IReadOnlyList<string> faults, CancellationToken cancellation)
        where T : class, IKubernetesObject<V1ObjectMeta>
    {
        var before = status?.Conditions.Find(ZoneReport.ConditionOf(zone));
        var now = ZoneReport.Of(zone, faults, policy.Metadata.Generation, before, time.GetUtcNow());
        var text = KubernetesJson.Serialize(now);
        if (before is null || text != KubernetesJson.Serialize(before))
        {
            await WriteAsync(policy, new JsonObject { ["conditions"] = new JsonArray(JsonNode.Parse(text)) }, cancellation);
        }
    }

    private async Task WriteAsync<T>(T policy, JsonObject status, CancellationToken cancellation)
        where T : class, IKubernetesObject<V1ObjectMeta>
    {
        var type = ResourceType.Of<T>();
        var words = new JsonObject
        {
            ["apiVersion"] = type.ApiVersion,
            ["kind"] = type.Kind,
            ["metadata"] = new JsonObject { ["name"] = policy.Metadata.Name, ["namespace"] = policy.Metadata.NamespaceProperty },
            ["status"] = status,
        };
        try
        {
            await client.ApplyStatusAsync(words, zone, cancellation);
        }
        catch (KubeException e) when (e.IsNotFound)
        {
            // It went in the meantime.
        }
    }
}
