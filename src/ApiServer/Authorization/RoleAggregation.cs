using System.Text.Json.Nodes;
using Dpf.ApiServer.Serving;

namespace Dpf.ApiServer.Authorization;

/// <summary>Keeps the rules of cluster roles that are the sum of others (<c>aggregationRule</c>, Kubernetes' RBAC).</summary>
internal sealed class RoleAggregation(ServerComposition server) : IBackgroundService
{
    private static readonly WriteOptions Own = new() { FieldManager = "clusterrole-aggregation-controller", Force = true };

    private ResourceDefinition Roles => server.Registry.FindPreferred("rbac.authorization.k8s.io", "clusterroles")!;

    public async Task RunAsync(CancellationToken cancellation)
    {
        using var watch = server.Store.Watch(Roles.StorageResource, await SumAsync(cancellation));
        while (await watch.NextAsync(cancellation) is not null)
        {
            await SumAsync(cancellation);
        }
    }

    /// <summary>Sums up until nothing changes: sums may be parts of sums.</summary>
    public async Task SumUpAsync(CancellationToken cancellation)
    {
        while (await SumAsync(cancellation) != server.Store.RevisionOf(Roles.StorageResource))
        {
        }
    }

    /// <summary>Sums up once; returns the revision that was looked at.</summary>
    private async Task<long> SumAsync(CancellationToken cancellation)
    {
        var revision = server.Store.RevisionOf(Roles.StorageResource);
        var roles = server.Objects.List(Roles);
        foreach (var role in roles)
        {
            if (Sum(role, roles) is { } rules && !JsonNode.DeepEquals(rules, role["rules"] ?? new JsonArray()))
            {
                await server.Objects.ApplyAsync(
                    Roles, "", role.Name(), "",
                    new JsonObject
                    {
                        ["apiVersion"] = Roles.ApiVersion, ["kind"] = Roles.Kind, ["metadata"] = new JsonObject { ["name"] = role.Name() },
                        ["rules"] = rules,
                    },
                    Own, cancellation);
            }
        }

        return revision;
    }

    /// <summary>The rules of all roles that a sum selects, each once; null: the role is no sum.</summary>
    internal static JsonArray? Sum(JsonObject role, IEnumerable<JsonObject> roles)
    {
        if (role["aggregationRule"] is not JsonObject aggregation)
        {
            return null;
        }

        var selectors = aggregation.Objects("clusterRoleSelectors").Select(LabelSelector.From).ToList();
        var sum = new List<JsonObject>();
        foreach (var part in roles.Where(r => r.Name() != role.Name() && selectors.Any(s => s!.Matches(r))).OrderBy(r => r.Name(), StringComparer.Ordinal))
        {
            sum.AddRange(part.Objects("rules").Where(rule => !sum.Any(s => JsonNode.DeepEquals(s, rule))));
        }

        return [.. sum.Select(r => r.DeepClone())];
    }
}
