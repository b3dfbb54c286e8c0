using System.Text.Json.Nodes;
using Dpf.Api.Schemas;
using Dpf.Fleet.Hardware;
using Dpf.Runtime.Hosting;
using Dpf.Runtime.Informers;
using Dpf.Runtime.Reconciling;
using k8s;
using k8s.Models;

namespace Dpf.Fleet.Clusters;

/// <summary>The maintenance operator: a node that is asked for is out of service at once.</summary>
internal sealed class Maintenance(Machines machines) : IComponent
{
    /// <inheritdoc />
    public async Task RunAsync(ComponentContext context, CancellationToken cancellation)
    {
        using var client = context.InCluster();
        await using var cache = new Cache(client, context.Time, context.Loggers);
        await Controller.For<Request>(cache, "maintenance-operator").Workers(8)
            .Build(
                async (key, stop) =>
                {
                    if (cache.Informer<Request>().Get(key.Namespace, key.Name) is { } request && !request.IsDeleting() &&
                        !KubernetesJson.Serialize(request).Contains("\"Ready\"", StringComparison.Ordinal))
                    {
                        await client.PatchStatusAsync<Request>(
                            key.Namespace, key.Name,
                            new JsonObject
                            {
                                ["status"] = new JsonObject
                                {
                                    ["conditions"] = new JsonArray(new JsonObject
                                    {
                                        ["type"] = "Ready", ["status"] = "True", ["reason"] = "Ready", ["message"] = "",
                                        ["lastTransitionTime"] = "2026-01-01T00:00:00Z",
                                    }),
                                },
                            },
                            stop);
                        machines.Wrote();
                    }

                    return Result.Done;
                },
                context.Loggers, context.Time)
            .RunAsync(cancellation);
    }

    /// <summary>A NodeMaintenance.</summary>
    [KubernetesEntity(Group = "maintenance.nvidia.com", ApiVersion = "v1alpha1", Kind = "NodeMaintenance", PluralName = "nodemaintenances")]
    internal sealed class Request : CustomObject<Anything, Anything>;
}
