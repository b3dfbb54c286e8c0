using System.Text.Json.Nodes;
using Dpf.Api.Services;
using Dpf.Runtime.Clusters;
using Dpf.Runtime.Selecting;
using k8s;
using k8s.Models;

namespace Dpf.Chaining.Agent;

/// <summary>Writes on a node's interfaces and chains what its agent made of them.</summary>
/// <param name="client">The DPU cluster.</param>
internal sealed class NodeReports(KubeClient client)
{
    /// <summary>Writes what has changed. An object whose report is refused does not keep the others from theirs.</summary>
    /// <returns>What was refused, and why.</returns>
    public async Task<IReadOnlyList<string>> WriteAsync(
        NodePlan plan, IReadOnlyList<ServiceInterface> interfaces, IReadOnlyList<ServiceChain> chains, CancellationToken cancellation)
    {
        var refused = new List<string>();
        foreach (var value in interfaces)
        {
            var key = Key(value);
            await WriteAsync(value, Metadata(value, plan.Interfaces[key], plan.ChainOf.GetValueOrDefault(key)), refused, cancellation);
        }

        foreach (var chain in chains)
        {
            await WriteAsync(chain, Report(chain, plan.Chains[Key(chain)]), refused, cancellation);
        }

        return refused;
    }

    /// <summary>The metadata of an interface that have to change.</summary>
    /// <param name="value">The interface.</param>
    /// <param name="missing">What is missing; empty for nothing.</param>
    /// <param name="chain">The chain that it is a port of; null for none.</param>
    internal static JsonObject Metadata(ServiceInterface value, string missing, string? chain)
    {
        // A chain is named after its set and its node, which together may be too long for a label.
        var wanted = chain is null ? null : LabelValues.Of(chain);
        var metadata = Report(value, missing);
        if ((value.Metadata.Labels?.TryGetValue(ChainingLabels.Chain, out var now) == true ? now : null) != wanted)
        {
            metadata["labels"] = new JsonObject { [ChainingLabels.Chain] = wanted };
        }

        return metadata;
    }

    private static JsonObject Report(IKubernetesObject<V1ObjectMeta> value, string missing)
    {
        var report = new AgentReport(value.Metadata.Generation ?? 0, missing.Length == 0, missing);
        return AgentReport.Of(value) == report
            ? []
            : new JsonObject { ["annotations"] = new JsonObject { [ChainingLabels.Report] = report.Write() } };
    }

    private async Task WriteAsync<T>(T value, JsonObject metadata, List<string> refused, CancellationToken cancellation)
        where T : class, IKubernetesObject<V1ObjectMeta>
    {
        if (metadata.Count == 0)
        {
            return;
        }

        try
        {
            await client.PatchAsync<T>(
                value.Metadata.NamespaceProperty, value.Metadata.Name, new JsonObject { ["metadata"] = metadata }, cancellation,
                fieldManager: WantedPort.Owner);
        }
        catch (KubeException e) when (e.IsNotFound)
        {
            // Deleted meanwhile: nobody is left to tell.
        }
        catch (KubeException e)
        {
            refused.Add(e.Message);
        }
    }

    private static NamespacedName Key(IKubernetesObject<V1ObjectMeta> value) => new(value.Metadata.NamespaceProperty, value.Metadata.Name);
}
