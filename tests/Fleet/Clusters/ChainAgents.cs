using System.Text.Json.Nodes;
using Dpf.Api.Services;
using Dpf.Chaining;
using Dpf.Fleet.Hardware;
using Dpf.Runtime.Hosting;
using Dpf.Runtime.Informers;
using Dpf.Runtime.Reconciling;
using k8s;
using k8s.Models;

namespace Dpf.Fleet.Clusters;

/// <summary>The chain agents of all DPUs of a cluster: what they are told, their switches do at once.</summary>
internal sealed class ChainAgents(Machines machines) : IComponent
{
    /// <inheritdoc />
    public async Task RunAsync(ComponentContext context, CancellationToken cancellation)
    {
        using var client = context.InCluster();
        await using var cache = new Cache(client, context.Time, context.Loggers);
        await Task.WhenAll(Build<ServiceInterface>("interfaces"), Build<ServiceChain>("chains"));

        Task Build<T>(string name)
            where T : class, IKubernetesObject<V1ObjectMeta> => Controller.For<T>(cache, name).Workers(8)
            .Build(
                async (key, stop) =>
                {
                    if (cache.Informer<T>().Get(key.Namespace, key.Name) is { } value && !value.IsDeleting() && !AgentReport.IsReady(value))
                    {
                        await client.PatchAsync<T>(
                            key.Namespace, key.Name,
                            new JsonObject
                            {
                                ["metadata"] = new JsonObject
                                {
                                    ["annotations"] = new JsonObject
                                    {
                                        [ChainingLabels.Report] = new AgentReport(value.Metadata.Generation ?? 0, true, "").Write(),
                                    },
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
}
