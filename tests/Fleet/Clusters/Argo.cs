using System.Text.Json.Nodes;
using Dpf.Api.Schemas;
using Dpf.Fleet.Hardware;
using Dpf.Runtime.Hosting;
using Dpf.Runtime.Informers;
using Dpf.Runtime.Reconciling;
using k8s;
using k8s.Models;

namespace Dpf.Fleet.Clusters;

/// <summary>Argo CD: every Application is synchronised and healthy at once, and gone as soon as that is asked for.</summary>
internal sealed class Argo(Machines machines) : IComponent
{
    /// <inheritdoc />
    public async Task RunAsync(ComponentContext context, CancellationToken cancellation)
    {
        using var client = context.InCluster();
        await using var cache = new Cache(client, context.Time, context.Loggers);
        await Controller.For<Application>(cache, "argo-cd")
            .Build(
                async (key, stop) =>
                {
                    if (cache.Informer<Application>().Get(key.Namespace, key.Name) is not { } application)
                    {
                        return Result.Done;
                    }

                    if (application.IsDeleting() && application.Metadata.Finalizers?.Count > 0)
                    {
                        await client.PatchAsync<Application>(
                            key.Namespace, key.Name, new JsonObject { ["metadata"] = new JsonObject { ["finalizers"] = null } }, stop);
                        machines.Wrote();
                    }
                    else if (!application.IsDeleting() && !KubernetesJson.Serialize(application).Contains("\"Healthy\"", StringComparison.Ordinal))
                    {
                        await client.PatchAsync<Application>(
                            key.Namespace, key.Name,
                            new JsonObject
                            {
                                ["status"] = new JsonObject
                                {
                                    ["sync"] = new JsonObject { ["status"] = "Synced" }, ["health"] = new JsonObject { ["status"] = "Healthy" },
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

    /// <summary>An Application.</summary>
    [KubernetesEntity(Group = "argoproj.io", ApiVersion = "v1alpha1", Kind = "Application", PluralName = "applications")]
    internal sealed class Application : CustomObject<Anything, Anything>;
}
